/* The log's ring (core/log_ring.c): writers reserve by compare and swap, mark their line whole, and drain if nobody else does. Who gives the
 * drainer's role up looks once more, so that a line is never left for nobody.
 * Beyond tests/host/test_log_ring.c, which bounds how often CPUs change: three writers of two lines in every order, and an NMI's line in the middle
 * of one of them, with a ring that holds three lines.
 * BROKEN: the look is taken before the role is given up. */
#define PLACES 3
#define WRITERS 3
#define LINES 2

byte head, tail, whole[PLACES], drainer, sent, lost, done;

inline drain(me)
{
    do
    :: atomic { drainer == 0 -> drainer = me } ->
        do
        :: whole[tail % PLACES] == tail + 1 ->
            assert(sent == tail);       /* in order, and each once */
            sent++;
            tail++
        :: else -> break
        od;
#ifdef BROKEN
        work = whole[tail % PLACES] == tail + 1;
        drainer = 0;
#else
        drainer = 0;
        work = whole[tail % PLACES] == tail + 1;
#endif
        if
        :: work
        :: else -> break
        fi
    :: atomic { drainer != 0 -> break }
    od
}

inline put(me)
{
    do
    :: at = head;
        if
        :: at + 1 - tail > PLACES -> lost++; break
        :: else
        fi;
        if
        :: atomic { head == at -> head = at + 1 };
            assert(at - tail < PLACES); /* what lay there has been sent */
            whole[at % PLACES] = at + 1;
            break
        :: atomic { head != at -> skip }
        fi
    od;
    drain(me)
}

proctype writer(byte me)
{
    byte i, at;
    bool work;

    for (i : 1 .. LINES) {
        put(me)
    }
    done++
}

init {
    byte i;

    atomic {
        for (i : 1 .. WRITERS) {
            run writer(i)
        }
    }
    done == WRITERS;
    assert(drainer == 0 && sent == head && tail == head && sent + lost == WRITERS * LINES)
}
