"""The whole story on sample footage, on this machine only."""
