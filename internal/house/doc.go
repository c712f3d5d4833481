// Package house keeps the shape of the code base: its tests read the whole source
// tree and fail when a rule of ARCHITECTURE.md or STYLE.md is broken. There is
// nothing to import.
//
// Each rule is a function from the tree to complaints (edges_test.go,
// zones_test.go, tidy_test.go, text_test.go). Each has sources in cases_test.go
// that it must refuse, so that a rule that never fails is noticed. Who may import
// whom is kept as text in imports.txt.
package house
