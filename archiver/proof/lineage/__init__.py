"""What follows from findings and rulings: groups of copies, and the earliest, longest and largest of each."""
