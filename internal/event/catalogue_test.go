package event_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/db/dbtest"
	"github.com/florinpay/florin/internal/event"
)

func TestCatalogueGolden(t *testing.T) {
	var got strings.Builder
	for _, x := range event.Catalogue() {
		fmt.Fprintf(&got, "%-26s %-17s %s\n", x.Name, x.Noun, x.When)
	}
	const path = "testdata/catalogue.golden"
	if os.Getenv("FLORIN_UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(path, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || got.String() != string(want) {
		t.Errorf("%s differs (%v); if the change is meant, run make golden\n%s", path, err, got.String())
	}
}

// TestTheDocumentsShowTheCatalogue as a table, and nothing else.
func TestTheDocumentsShowTheCatalogue(t *testing.T) {
	const path, head = "../../docs/api/events.md", "| type | carries | when |\n|---|---|---|\n"
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, after, found := strings.Cut(string(text), head)
	shown, after, ended := strings.Cut(after, "\n\n")
	if !found || !ended {
		t.Fatalf("%s has no table that begins with\n%s", path, head)
	}
	var lines []string
	for _, x := range event.Catalogue() {
		lines = append(lines, fmt.Sprintf("| `%s` | `%s` | %s |", x.Name, x.Noun, x.When))
	}
	want := strings.Join(lines, "\n")
	if os.Getenv("FLORIN_UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(path, []byte(before+head+want+"\n\n"+after), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if shown != want {
		t.Errorf("the table of %s differs; if the change is meant, run make golden\n%s", path, want)
	}
}

func TestTheCatalogueIsInOrder(t *testing.T) {
	list := event.Catalogue()
	if !slices.IsSortedFunc(list, func(a, b event.Type) int { return strings.Compare(a.Name, b.Name) }) {
		t.Error("the types are not in the order of their names")
	}
	for _, x := range list {
		noun, _, _ := strings.Cut(x.Name, ".")
		if !event.Known(x.Name) || noun != x.Noun && x.Name != "wallet.sent" {
			t.Errorf("%s tells of a %s", x.Name, x.Noun)
		}
		if !strings.HasSuffix(x.When, ".") || strings.Contains(strings.TrimSuffix(x.When, "."), ".") {
			t.Errorf("%s: %q is not one sentence", x.Name, x.When)
		}
	}
	if list[0].Name = "changed"; event.Catalogue()[0].Name == "changed" {
		t.Error("a caller can change the catalogue")
	}
}

func TestPatternsNameWholeNouns(t *testing.T) {
	for _, x := range []struct {
		pattern, name string
		want          bool
	}{
		{"payment.created", "payment.created", true},
		{"payment.created", "payment.captured", false},
		{"payment.*", "payment.created", true},
		{"payment.*", "payment", false},
		{"pay.*", "payment.created", false},
		{"pay*", "payment.created", false},
		{"payment.c*", "payment.created", false},
		{"payment.", "payment.created", false},
		{"payment", "payment.created", false},
		{"*", "payment.created", false},
		{".*", "payment.created", false},
		{"*.created", "payment.created", false},
		{"", "payment.created", false},
		{"api_key.*", "api_key.created", true},
		{"wallet.*", "wallet.sent", true},
		{"transfer.*", "wallet.sent", false},
	} {
		if got := event.Matches(x.pattern, x.name); got != x.want {
			t.Errorf("Matches(%q, %q) = %t", x.pattern, x.name, got)
		}
	}
	for _, name := range []string{"", "payment", "payment.", "payment.*", "payment.lost", "Payment.created"} {
		if event.Known(name) {
			t.Errorf("%q is known", name)
		}
	}
}

// TestOnlyTheCatalogueIsWritten: a type that it lacks, or with another object, is a bug
// that must not reach the log.
func TestOnlyTheCatalogueIsWritten(t *testing.T) {
	d := dbtest.SQLite(t)
	spoil := map[string]func(*event.Fact){
		`event: "payer.lost" is not in the catalogue`:   func(f *event.Fact) { f.Type = "payer.lost" },
		"event: payer.created carries <nil>, not payer": func(f *event.Fact) { f.Data = nil },
		"event: card.created carries ":                  func(f *event.Fact) { f.Type = "card.created" },
		"event: payer.created carries ": func(f *event.Fact) {
			f.Data = &florinv1.EventData{Object: &florinv1.EventData_Card{Card: &florinv1.Card{}}}
		},
	}
	for want, change := range spoil {
		f := fact(cafe, false, "payer.created", "a")
		change(&f)
		var said any
		_ = d.Write(t.Context(), []db.Lock{event.Lock()}, func(tx *db.Tx) error {
			defer func() { said = recover() }()
			event.Append(tx, f)
			return nil
		})
		if text, _ := said.(string); !strings.HasPrefix(text, want) {
			t.Errorf("said %v, want %s", said, want)
		}
	}
	if end, err := event.NewLog(d).End(t.Context()); end != 0 || err != nil {
		t.Errorf("the log ends at %d, %v", end, err)
	}
}

// TestTheCatalogueIsWhatIsWritten reads the sources: each type is written somewhere, and
// what looks like a type is one.
func TestTheCatalogueIsWhatIsWritten(t *testing.T) {
	found := literals(t, "../../internal", "../../cmd")
	nouns := map[string]bool{}
	fields := (&florinv1.EventData{}).ProtoReflect().Descriptor().Fields()
	for i := range fields.Len() {
		nouns[string(fields.Get(i).Name())] = true
	}
	for name, place := range found {
		noun, rest, _ := strings.Cut(name, ".")
		if nouns[noun] && rest == "" {
			t.Errorf("%s: %q begins a type that is put together: write types as they are", place, name)
		} else if nouns[noun] && !event.Known(name) {
			t.Errorf("%s: %q is not in the catalogue", place, name)
		}
	}
	for _, x := range event.Catalogue() {
		if found[x.Name] == "" {
			t.Errorf("nothing writes %s", x.Name)
		}
	}
}

var shaped = regexp.MustCompile(`^[a-z_]+\.[a-z_]*$`)

// literals are the texts that are shaped as types of events in the files that write some,
// and where they stand. Constants of a type of their own name something else, such as jobs,
// and so do records of the audit trail.
func literals(t *testing.T, roots ...string) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, root := range roots {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.HasSuffix(filepath.Dir(path), "internal/event") {
				return err
			}
			set := token.NewFileSet()
			file, err := parser.ParseFile(set, path, nil, 0)
			if err == nil && writes(filepath.Dir(path)) {
				collect(file, func(name string, at token.Pos) { found[name] = set.Position(at).String() })
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return found
}

// writes reports whether a package appends events.
func writes(dir string) bool {
	files, _ := filepath.Glob(filepath.Join(dir, "*.go"))
	return slices.ContainsFunc(files, func(name string) bool {
		text, err := os.ReadFile(name)
		return err == nil && !strings.HasSuffix(name, "_test.go") && strings.Contains(string(text), "event.Append(")
	})
}

func collect(file *ast.File, found func(name string, at token.Pos)) {
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ValueSpec:
			return n.Type == nil
		case *ast.CompositeLit:
			kind, named := n.Type.(*ast.Ident)
			return !named || kind.Name != "Record"
		case *ast.BasicLit:
			if s, err := strconv.Unquote(n.Value); err == nil && shaped.MatchString(s) {
				found(s, n.Pos())
			}
		}
		return true
	})
}
