package house

import (
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"
)

// rule is one thing that must hold everywhere. check returns what breaks it, each
// with its place and what to do.
type rule struct {
	name  string
	check func(*tree) []string
}

var rules = []rule{
	{"imports", permittedImports},
	{"card zone", cardZone},
	{"drivers only in db", driversOnlyInDB},
	{"SQL only in store.go", sqlOnlyInStores},
	{"outgoing HTTP", outgoingHTTP},
	{"time only through clock", timeThroughClock},
	{"file size", fileSize},
	{"function size", functionSize},
	{"package comment", packageComment},
	{"package name", packageName},
	{"exported names are explained", exportedExplained},
	{"nothing left for later", nothingLeft},
	{"stands alone", standsAlone},
	{"links lead somewhere", linksLead},
}

// repository is the module's root, as the tests see it.
func repository() fs.FS { return os.DirFS("../..") }

// TestHouse holds every rule against the source tree.
func TestHouse(t *testing.T) {
	tr, err := load(repository())
	if err != nil {
		t.Fatal(err)
	}
	if len(tr.production()) < 10 {
		t.Fatalf("only %d source files found: the tree is not where this test looks", len(tr.production()))
	}
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			for _, complaint := range r.check(tr) {
				t.Error(complaint)
			}
		})
	}
}

// TestRulesCanFail shows each rule sources that it must refuse, and some much like
// them that it must not.
func TestRulesCanFail(t *testing.T) {
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			refused := 0
			for _, c := range cases[r.name] {
				got := strings.Join(complaints(t, r, c.files), "\n")
				switch {
				case c.want == "" && got != "":
					t.Errorf("%s: refused without reason:\n%s", c.name, got)
				case c.want != "" && !strings.Contains(got, c.want):
					t.Errorf("%s: want a complaint with %q, got:\n%s", c.name, c.want, got)
				case c.want != "":
					refused++
				}
			}
			if refused == 0 {
				t.Error("no case in cases_test.go shows that this rule can fail")
			}
		})
	}
}

func complaints(t *testing.T, r rule, sources map[string]string) []string {
	t.Helper()
	fsys := fstest.MapFS{}
	for name, text := range sources {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	tr, err := load(fsys)
	if err != nil {
		t.Fatal(err)
	}
	return r.check(tr)
}
