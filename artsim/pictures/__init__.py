"""Pictures for people: thumbnails, contact sheets, walks and charts."""
