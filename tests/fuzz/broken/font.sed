# a glyph may lean on one that is not there
s/if (distance > 0 \&\& distance <= i)/if (distance > 0)/
