"""What the book is made with: pages and which are out of date, pictures, networks and slides."""
