"""The page: one study, seen as CT, synthetic PET and both, in a browser."""
