"""How the report speaks: sentences, labels, figures, and strangers' text made safe to look at."""
