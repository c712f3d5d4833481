package card_test

import (
	"bytes"
	"encoding"
	"encoding/base64"
	"encoding/gob"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/florinpay/florin/internal/card"
)

// canary is a card whose digits must be found nowhere. An address in the output
// may hold some of them by chance, but not those of every canary.
type canary struct{ number, cvv string }

var canaries = []canary{
	{"4929718365247193", "9371"},
	{"5281937462518376", "8264"},
	{"371449635398431", "7519"},
}

func (c canary) card(t testing.TB) (card.Number, card.CVV) {
	t.Helper()
	n, err := card.ParseNumber(c.number)
	if err != nil {
		t.Fatal(err)
	}
	v, err := card.ParseCVV(c.cvv)
	if err != nil {
		t.Fatal(err)
	}
	return n, v
}

// everyLeak gives what print lets out of each canary, or nothing if it is silent
// about one of them.
func everyLeak(print func(canary) string) (leaks []string) {
	for _, c := range canaries {
		form := c.foundIn(print(c))
		if form == "" {
			return nil
		}
		leaks = append(leaks, form)
	}
	return leaks
}

// foundIn gives the first form of the canary's digits that out holds: five in a
// row of the number or the whole CVV, as text, bytes, hexadecimal or base64.
func (c canary) foundIn(out string) string {
	forms := spellings(c.cvv)
	for i := range len(c.number) - 4 {
		forms = append(forms, spellings(c.number[i:i+5])...)
	}
	for i := range 3 { // one of three neighbours starts a base64 group
		forms = append(forms, base64.StdEncoding.EncodeToString([]byte(c.number[i:i+6])))
	}
	forms = append(forms, base64.StdEncoding.EncodeToString([]byte(c.cvv[:3])), base64.StdEncoding.EncodeToString([]byte(c.cvv[1:])))
	lower := strings.ToLower(out)
	for _, form := range forms {
		if strings.Contains(out, form) || strings.Contains(lower, form) {
			return form
		}
	}
	return ""
}

func spellings(digits string) []string {
	list := fmt.Sprint([]byte(digits))
	plain := strings.Trim(list, "[]")
	return []string{digits, hex.EncodeToString([]byte(digits)), plain, strings.ReplaceAll(plain, " ", ", "),
		strings.ReplaceAll(plain, " ", ","), strings.TrimSuffix(fmt.Sprintf("% #x", digits), " "),
		strings.Join(strings.Split(digits, ""), " ")}
}

type open struct {
	Number card.Number
	CVV    card.CVV
}

type attributes struct {
	Number card.Number `xml:",attr"`
	CVV    card.CVV    `xml:",attr"`
}

type closed struct {
	number card.Number
	cvv    card.CVV
	pair   *open
	list   []card.Number
	any    any
}

type named struct{ V any } // encoding/xml wants a type with a name

type embedding struct{ card.Number }

// wrappings are the ways in which a program may carry a card.
func wrappings(n card.Number, v card.CVV) map[string]any {
	hidden := closed{n, v, &open{n, v}, []card.Number{n}, v}
	return map[string]any{
		"number": n, "cvv": v, "pointers": []any{&n, &v}, "open": open{n, v}, "pointer to open": &open{n, v},
		"attributes": attributes{n, v}, "closed": hidden, "pointer to closed": &hidden, "slice": []card.Number{n}, "array": [1]card.CVV{v},
		"slice of closed": []closed{hidden}, "map": map[string]card.Number{"n": n}, "map of any": map[string]any{"n": n, "v": v, "c": hidden},
		"any in any": any([]any{n, []any{v, hidden}}), "embedded": embedding{n}, "function": func() card.Number { return n },
		"error": fmt.Errorf("card %v of %+v: %w", n, hidden, card.ErrNumberInvalid), "reflected": reflect.ValueOf(hidden),
		"reflected secret": reflect.ValueOf(hidden).Field(0).Field(0), "reflected pointer": reflect.ValueOf(hidden).Field(0).Field(0).Field(0),
	}
}

// outlets are the ways out of the program.
var outlets = map[string]func(v any) string{
	"fmt": func(v any) string {
		var out strings.Builder
		for verb := 'A'; verb <= 'z'; verb++ {
			for _, flags := range []string{"", "+", "#", "-", " ", "0", "30", ".9", "+#", "# "} {
				fmt.Fprintf(&out, "%"+flags+string(verb)+"\n", v)
			}
		}
		wrap := "%w" // wrong on purpose, and so kept from vet
		return out.String() + fmt.Sprint(v) + fmt.Sprintln(v) + fmt.Errorf(wrap, v).Error() + fmt.Sprintf("%d", []any{v, v})
	},
	"json": func(v any) string { return encoded(json.Marshal(v)) },
	"xml":  func(v any) string { return encoded(xml.Marshal(v)) },
	"gob": func(v any) string {
		var out bytes.Buffer
		err := gob.NewEncoder(&out).Encode(v)
		return encoded(out.Bytes(), err)
	},
	"slog text": func(v any) string {
		var out bytes.Buffer
		slog.New(slog.NewTextHandler(&out, nil)).With("w", v).Info("card", "v", v, slog.Group("g", "v", v))
		return out.String()
	},
	"slog json": func(v any) string {
		var out bytes.Buffer
		slog.New(slog.NewJSONHandler(&out, nil)).With("w", v).Info("card", "v", v, slog.Group("g", "v", v))
		return out.String()
	},
	"recovered panic": func(v any) (out string) {
		defer func() { out = fmt.Sprintf("%v %+v %#v", recover(), v, v) }()
		panic(v)
	},
	"dumper": func(v any) string {
		var out strings.Builder
		dump(&out, reflect.ValueOf(v), 0)
		return out.String()
	},
}

func encoded(b []byte, err error) string { return fmt.Sprint(string(b), err) }

// dump prints everything that reflection can reach, unexported or not, and
// follows pointers, as debugging libraries do.
func dump(out *strings.Builder, v reflect.Value, depth int) {
	if inner, ok := v.Interface, v.CanInterface() && v.Type() == reflect.TypeFor[reflect.Value](); ok {
		v = inner().(reflect.Value)
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() && depth < 20 {
			dump(out, v.Elem(), depth+1)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			dump(out, v.Field(i), depth+1)
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			dump(out, v.Index(i), depth+1)
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			dump(out, v.MapIndex(key), depth+1)
		}
	case reflect.Uint8:
		out.WriteByte(byte(v.Uint()))
	default:
		fmt.Fprint(out, v.String())
	}
}

func TestNoOutletLetsDigitsThrough(t *testing.T) {
	n, v := canaries[0].card(t)
	for wrapping := range wrappings(n, v) {
		for outlet, print := range outlets {
			leaks := everyLeak(func(c canary) string { return print(wrappings(c.card(t))[wrapping]) })
			if leaks != nil {
				t.Errorf("%s through %s lets out %q", wrapping, outlet, leaks)
			}
		}
	}
}

// The search must be able to find: a plain string leaks through every outlet.
func TestTheSearchFindsALeak(t *testing.T) {
	c := canaries[0]
	leaky := map[string]any{"n": c.number}
	for outlet, print := range outlets {
		v := any(leaky)
		if outlet == "xml" {
			v = named{c.number}
		}
		if c.foundIn(print(v)) == "" {
			t.Errorf("a plain number passes %s unseen", outlet)
		}
	}
	for _, v := range []any{[]byte(c.number), []byte(c.cvv), c.cvv, struct{ b *[]byte }{new([]byte(c.cvv))}} {
		if c.foundIn(fmt.Sprintf("%v", v)+outlets["dumper"](v)) == "" {
			t.Errorf("a plain %T passes unseen", v)
		}
	}
	if b, err := json.Marshal([]byte(c.number)); err != nil || c.foundIn(string(b)) == "" {
		t.Errorf("base64 passes unseen: %s %v", b, err)
	}
}

func TestADyingProcessPrintsNoDigits(t *testing.T) {
	if wrapping := os.Getenv("CARD_TEST_PANIC"); wrapping != "" {
		i, _ := strconv.Atoi(os.Getenv("CARD_TEST_CANARY"))
		panic(wrappings(canaries[i].card(t))[wrapping])
	}
	for _, wrapping := range []string{"number", "cvv", "open", "closed", "pointer to closed", "map of any", "error"} {
		leaks := everyLeak(func(c canary) string {
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestADyingProcessPrintsNoDigits$")
			cmd.Env = append(os.Environ(), "GOTRACEBACK=system", "CARD_TEST_PANIC="+wrapping,
				fmt.Sprint("CARD_TEST_CANARY=", slices.Index(canaries, c)))
			out, err := cmd.CombinedOutput()
			if err == nil || !strings.Contains(string(out), "panic: ") {
				t.Fatalf("panic(%s) did not end the process: %v", wrapping, err)
			}
			return string(out)
		})
		if leaks != nil {
			t.Errorf("panic(%s) prints %q", wrapping, leaks)
		}
	}
}

func TestSecretsPrintAsStars(t *testing.T) {
	n, v := canaries[0].card(t)
	gone, _ := canaries[1].card(t)
	gone.Wipe()
	for name, secret := range map[string]fmt.Stringer{"number": n, "cvv": v, "pointer": &n, "zero number": card.Number{}, "zero cvv": card.CVV{}, "wiped": gone} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%30v"} {
			if got := fmt.Sprintf(verb, secret); got != "****" {
				t.Errorf("%s prints as %q under %s", name, got, verb)
			}
		}
		if secret.String() != "****" || secret.(fmt.GoStringer).GoString() != "****" ||
			secret.(slog.LogValuer).LogValue().String() != "****" {
			t.Errorf("%s does not print as ****", name)
		}
	}
}

func TestSecretsRefuseEveryEncoder(t *testing.T) {
	n, v := canaries[0].card(t)
	for name, secret := range map[string]any{"number": n, "cvv": v, "zero number": card.Number{}, "zero cvv": card.CVV{}} {
		_, text := secret.(encoding.TextMarshaler).MarshalText()
		_, binary := secret.(encoding.BinaryMarshaler).MarshalBinary()
		_, json_ := json.Marshal(map[string]any{"v": secret})
		_, xml_ := xml.Marshal(named{secret})
		_, attr := xml.Marshal(attributes{n, v})
		gob_ := gob.NewEncoder(&bytes.Buffer{}).Encode(secret)
		for encoder, err := range map[string]error{"text": text, "binary": binary, "json": json_, "xml": xml_, "xml attribute": attr, "gob": gob_} {
			if err == nil || !strings.Contains(err.Error(), "cannot be encoded") {
				t.Errorf("%s encoded as %s: %v", name, encoder, err)
			}
		}
	}
}

func TestWipeEmptiesEveryCopy(t *testing.T) {
	n, v := canaries[0].card(t)
	number, cvv := n, v
	n.Wipe()
	v.Wipe()
	n.Wipe() // twice does no harm
	card.Number{}.Wipe()
	if !number.IsZero() || number.Reveal() != "" || number.Last4() != "" || number.BIN() != "" || number.Brand() != card.Unknown {
		t.Error("a copy of a wiped number still has digits")
	}
	if !cvv.IsZero() || cvv.Reveal() != "" || cvv.CheckBrand(card.Visa) == nil {
		t.Error("a copy of a wiped CVV still has digits")
	}
}
