"""Published evaluation protocols on the data sets' own files, for labs that have them."""
