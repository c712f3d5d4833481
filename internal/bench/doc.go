// Package bench is the measuring room behind florin bench: a load generator, two
// ceilings to hold the product against, the accounting of processor time and
// memory, and the table that says what came out.
//
// Words: a scenario is what is measured ([Scenario]); a [Load] is one closed-loop
// run of requests and gives a [Result]; a [Row] is the few runs of one scenario;
// a [Table] is all rows of one sitting, with the [Machine] they ran on.
//
// Machines are noisy, so that an absolute figure alone is worth little. A row is
// quoted by the run with the median throughput, and as a share of the log ceiling
// measured in the same sitting with as many connections: what no durable server
// with one writer can beat on that machine.
//
// The generator, the server and the ceiling must be separate processes: their
// processor time is told apart by process, from /proc, which only Linux has.
package bench
