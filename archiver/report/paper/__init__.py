"""The report on paper: written as blocks, every text made safe to set, and set by typst in the sandbox."""
