# the cursor goes as far as it is told
s/screen->cursor.row = at_most(row, screen->rows - 1);/screen->cursor.row = row;/
