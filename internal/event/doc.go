// Package event is the numbered log: facts written in the same commit as their
// cause. Numbers start at 1, have no gaps, and follow the order of commits:
// each commit that appends locks the log's head row first. Rows are never
// changed; the database refuses it too.
//
// Types of events are a closed list ([Catalogue]); each says what its events carry.
//
// A fact carries the object as it was right after the event, in the contract's
// own message, so that a retry can be answered from it years later in any format.
//
// Because numbers follow the commits, whoever remembers the last number that came
// misses nothing: [Log.Follow] goes by number. The last few thousand events are in memory
// while somebody follows: this process's come from their commits, those of other processes
// are looked for once a second, and at once when a number is missing.
package event
