"""What customers and we write to each other, whatever the channel; joined to one case."""
