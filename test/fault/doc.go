// Package fault breaks a running Florin in every way we can arrange and then
// counts the money. It has tests only: each starts the real binary on SQLite and on
// PostgreSQL, keeps its own record of what it asked for and what it was told (the
// oracle), does the damage (kill -9, a failing disk, a lost database, a lost
// connection, a crowd), and compares the record with what is stored.
//
// The law is the same for all: what was acknowledged is stored; a key has at most
// one effect; the sums agree; florin ledger verify passes; what was unknown
// resolves by itself; no answer is a 5xx other than 503. Controls at the end of the
// file of each checker prove that it can fail.
//
// FLORIN_SEED repeats the choices of a run (the machine's timing stays its own),
// FLORIN_KILL_CYCLES sets the length of the kill loop (50), FLORIN_KEEP_LOGS names a
// folder for the servers' logs, and FLORIN_REQUIRE_STRACE=1 makes a machine without
// a working strace a failure.
package fault
