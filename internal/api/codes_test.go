package api

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/florinpay/florin/internal/fault"
)

// declared is one call of fault.New in the source.
type declared struct{ code, kind, pkg, detail string }

// TestCodesGolden keeps the closed list of public codes: every fault that the
// source declares, and every code of a bad place.
func TestCodesGolden(t *testing.T) {
	var list []declared
	for _, root := range []string{"../../internal", "../../cmd"} {
		list = append(list, declarations(t, root)...)
	}
	slices.SortFunc(list, func(a, b declared) int { return strings.Compare(a.code+a.pkg, b.code+b.pkg) })
	var out bytes.Buffer
	out.WriteString("# code kind package sentence\n")
	for i, d := range list {
		if d.code == "" {
			continue
		}
		if i > 0 && list[i-1].code == d.code {
			t.Errorf("%s is declared by %s and by %s", d.code, list[i-1].pkg, d.pkg)
		}
		fmt.Fprintf(&out, "%-30s %-15s %-12s %s\n", d.code, d.kind, d.pkg, d.detail)
	}
	out.WriteString("\n# codes of bad places, named by the door itself\n")
	for _, code := range fieldCodes(t) {
		fmt.Fprintln(&out, code)
	}
	golden(t, "codes.golden", out.Bytes())
	told := map[string]fault.Kind{}
	for _, f := range fault.Declared() {
		told[f.Code] = f.Kind
	}
	for _, d := range list {
		if _, there := told[d.code]; !there && d.code != "" {
			t.Errorf("%s of %s is not in the list that the program itself has", d.code, d.pkg)
		}
	}
}

func declarations(t *testing.T, root string) (list []declared) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil // a folder that is not there yet has none
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok && len(call.Args) == 3 && declares(call.Fun, file.Name.Name) {
				list = append(list, declaration(t, path, file.Name.Name, call))
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// declares reports whether fun is fault.New, or New in package fault itself.
func declares(fun ast.Expr, pkg string) bool {
	switch fun := fun.(type) {
	case *ast.SelectorExpr:
		x, ok := fun.X.(*ast.Ident)
		return ok && x.Name == "fault" && fun.Sel.Name == "New"
	case *ast.Ident:
		return pkg == "fault" && fun.Name == "New"
	}
	return false
}

func declaration(t *testing.T, path, pkg string, call *ast.CallExpr) declared {
	t.Helper()
	d := declared{pkg: pkg, code: literal(call.Args[1]), detail: literal(call.Args[2])}
	switch kind := call.Args[0].(type) {
	case *ast.SelectorExpr:
		d.kind = kind.Sel.Name
	case *ast.Ident:
		d.kind = kind.Name
	}
	if d.code == "" && path == filepath.Join("../../internal/fault", "fault.go") {
		return d // fault.Stored rebuilds what was declared elsewhere
	}
	if d.code == "" || d.detail == "" {
		t.Errorf("%s: a fault's code and sentence must be literals, so that they can be listed", path)
	}
	if !strings.HasSuffix(d.detail, ".") {
		t.Errorf("%s: the sentence of %s does not end", path, d.code)
	}
	return d
}

func literal(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		s, _ := strconv.Unquote(e.Value)
		return s
	case *ast.BinaryExpr:
		return literal(e.X) + literal(e.Y)
	}
	return ""
}

// fieldCodes reads the constants of ../wire/codes.go.
func fieldCodes(t *testing.T) (codes []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../wire/codes.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok && strings.HasPrefix(spec.Names[0].Name, "Code") {
			codes = append(codes, literal(spec.Values[0]))
		}
		return true
	})
	slices.Sort(codes)
	return codes
}

func TestEveryKindHasAnAnswer(t *testing.T) {
	for kind := fault.Internal; kind <= fault.Unavailable; kind++ {
		if int(kind) >= len(answers) || answers[kind].status < 400 || answers[kind].title == "" {
			t.Errorf("kind %d has no answer", kind)
		}
	}
}
