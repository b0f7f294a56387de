"""What a reader brings from outside: whom they believe (policy), what they saw before (memory), who else signed."""
