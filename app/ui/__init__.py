"""Shell, components, static files, form base, drawn figures. No word of the business belongs here."""
