"""Floor 3: what the coalition decides: members, cards, the programme, recording purchases."""
