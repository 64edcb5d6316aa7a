# A lock is taken one turn too early.
s/!= ticket) {$/+ 1 < ticket) {/
