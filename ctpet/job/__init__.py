"""One study in, one synthetic PET series out, with its preview and its record."""
