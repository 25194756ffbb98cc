"""What the dialogue keeps as it was, outside of the web's reach, each under the hash of its content."""

from app.attachments.store import Store

ORIGINALS = Store("mail", by_content=True)
