"""From sound to notes: reading, transcribing, tempo, cropping."""
