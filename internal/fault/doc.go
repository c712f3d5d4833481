// Package fault is the only kind of error that may reach a caller: a kind (how
// to react), a public code from a closed list (codes.golden of package api), and a sentence
// that is safe to show. The cause stays inside, for the log.
//
// Any other error that reaches a door is answered as [Internal] with a fixed
// sentence. Source for the rendering: RFC 9457.
package fault
