"""Files that belong to a case, an exception or a message: taken in safely, kept outside the web's reach, given out as downloads."""
