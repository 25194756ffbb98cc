"""Root causes: what keeps going wrong, which cases it explains, how it was fixed, and telling the customers who said so."""
