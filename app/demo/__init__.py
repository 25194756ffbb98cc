"""The demo company: a hotel group, its people and a year of believable cases, made only through the rooms' actions."""
