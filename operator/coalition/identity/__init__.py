"""Who someone is: staff by a password, members by a contact that they prove, both in sessions."""
