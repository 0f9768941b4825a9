"""What a page in a browser shows beyond pictures: charts that speak, and sliders."""
