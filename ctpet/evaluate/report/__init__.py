"""The page that a reviewer reads: one HTML file, in English and Vietnamese, that loads nothing."""
