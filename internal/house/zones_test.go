package house

import (
	"go/ast"
	"go/token"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// cardZone: card numbers are handled by the vault, the connectors and the one file
// of the API that hands a number to the vault.
func cardZone(t *tree) (bad []string) {
	var entries []*ast.ImportSpec
	for _, f := range t.production() {
		for _, spec := range f.ast.Imports {
			switch {
			case imported(spec) != module+"/internal/card" || f.in("vault", "connector"):
			case f.in("api"):
				entries = append(entries, spec)
			default:
				bad = append(bad, t.at(spec.Pos(), "%s is outside the card zone: take a token from the vault instead", f.room()))
			}
		}
	}
	if len(entries) > 1 {
		for _, spec := range entries {
			bad = append(bad, t.at(spec.Pos(), "one file of the API may see a card number, and here are %d", len(entries)))
		}
	}
	return bad
}

// drivers are the paths, or their beginnings, of what opens a database.
var drivers = []string{"database/sql", "github.com/jackc/", "zombiezen.com/", "modernc.org/", "github.com/pressly/goose"}

// driversOnlyInDB: a database is opened by db and nobody else.
func driversOnlyInDB(t *tree) (bad []string) {
	for _, f := range t.production() {
		for _, spec := range f.ast.Imports {
			driver := slices.ContainsFunc(drivers, func(d string) bool { return strings.HasPrefix(imported(spec), d) })
			if driver && !f.in("db") {
				bad = append(bad, t.at(spec.Pos(), "only internal/db imports %s: use db's tables and queries", imported(spec)))
			}
		}
	}
	return bad
}

var sqlText = regexp.MustCompile(`(?is)\b(select\s.+\sfrom\s|insert\s+into\s|update\s+\S+\s+set\s|delete\s+from\s)`)

// sqlOnlyInStores: SQL stands in db and in files named store.go.
func sqlOnlyInStores(t *tree) (bad []string) {
	for _, f := range t.production() {
		if f.in("db") || path.Base(f.path) == "store.go" {
			continue
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			e, ok := n.(ast.Expr)
			if !ok {
				return true
			}
			text, literal := literalText(e)
			if literal && sqlText.MatchString(text) {
				bad = append(bad, t.at(e.Pos(), "SQL outside the room's store.go"))
			}
			return !literal
		})
	}
	return bad
}

// literalText is the text of a string literal, or of a sum of which at least one
// part is one; other parts count as a word.
func literalText(e ast.Expr) (text string, literal bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		return text, err == nil && e.Kind == token.STRING
	case *ast.BinaryExpr:
		left, isLeft := literalText(e.X)
		right, isRight := literalText(e.Y)
		return left + right, e.Op == token.ADD && (isLeft || isRight)
	case *ast.ParenExpr:
		return literalText(e.X)
	}
	return "word", false
}

// outgoingHTTP: only connectors, deliveries of events, the load generator and the demo call out.
func outgoingHTTP(t *tree) (bad []string) {
	for _, f := range t.production() {
		if f.in("connector", "webhook", "bench", "cmd/florin", "sdk") {
			continue
		}
		for _, use := range f.uses("net/http", "Get", "Head", "Post", "PostForm", "Client", "DefaultClient",
			"NewRequest", "NewRequestWithContext", "Transport", "DefaultTransport") {
			bad = append(bad, t.at(use.Pos(), "%s may not call out by HTTP (http.%s)", f.room(), use.Sel.Name))
		}
	}
	return bad
}

// porch measures how long each answer takes.
const porch = "internal/api/porch.go"

// courier measures how long endpoints take.
const courier = "internal/webhook/send.go"

// timeThroughClock: tests, the sandbox and the simulator own time. db, bench,
// the porch and the courier measure latency; client libraries live in other people's programs; a watchdog on a socket (time.AfterFunc) is no time of
// the trade.
func timeThroughClock(t *tree) (bad []string) {
	for _, f := range t.production() {
		if f.in("clock", "bench", "db", "sdk") || f.path == porch || f.path == courier {
			continue
		}
		for _, use := range f.uses("time", "Now", "Since", "Until", "Sleep", "After", "Tick", "NewTimer", "NewTicker") {
			bad = append(bad, t.at(use.Pos(), "time.%s goes round internal/clock: take a clock.Clock", use.Sel.Name))
		}
	}
	return bad
}
