"""The customer's side: one page behind a signed link, and the public form to report an issue."""
