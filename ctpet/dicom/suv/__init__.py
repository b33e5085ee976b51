"""From the headers of a measured PET to SUVbw, by rules that are recorded."""
