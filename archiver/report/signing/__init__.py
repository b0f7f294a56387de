"""An office's own signature on report.pdf: the certificate that signs, and the signature as PAdES has it."""
