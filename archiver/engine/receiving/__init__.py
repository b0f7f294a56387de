"""Taking in what other offices send: bundles, and what opens their fields later."""
