"""File imports: mappings from columns to case fields, a guarded reader, row checks, import runs and their rejected rows."""
