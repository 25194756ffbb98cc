"""Running the product: schema commands, the served processes, and health for those who watch them."""
