//go:build interop

package interop

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"pgregory.net/rapid"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/internal/wire"
	"github.com/florinpay/florin/internal/wire/wiretest"
	"github.com/florinpay/florin/test/process"
)

var contract = wire.ContractShapes()

const samples = 30 // of each message

// schemas are the two published documents, as the binary gives them away: those of the
// contract, to the byte.
func schemas(t *testing.T, s *process.Process) (contractXSD, problemXSD string) {
	t.Helper()
	published := func(name string, made []byte) string {
		text := fetch(t, s.URL+"/xsd/"+name)
		if !bytes.Equal(text, made) {
			t.Errorf("/xsd/%s is not the schema of the contract", name)
		}
		return keep(t, name, text)
	}
	return published("florin.v1.xsd", contract.Schema()), published("problem.xsd", contract.ProblemSchema())
}

// validate is what xmllint has against documents: nil if they are what the schema says.
func validate(t *testing.T, schema string, documents ...string) error {
	t.Helper()
	out, err := run(t, patience, ".", nil, "xmllint", append([]string{"--nonet", "--noout", "--schema", schema}, documents...)...)
	if err != nil && strings.Contains(out, "Schemas parser error") {
		t.Fatalf("the schema itself is broken:\n%s", out)
	}
	if err != nil {
		return fmt.Errorf("%w\n%s", err, out[:min(len(out), 4000)])
	}
	return nil
}

var rootElement = regexp.MustCompile(`<xs:element name="\w+" type="(\w+)"/>\n`)

// TestXMLMatchesItsSchema: whatever the contract's messages hold, what we write is what
// the published schemas say.
func TestXMLMatchesItsSchema(t *testing.T) {
	contractXSD, problemXSD := schemas(t, dev(t))
	for schema, text := range map[string][]byte{contractXSD: contract.Schema(), problemXSD: contract.ProblemSchema()} {
		var documents []string
		for _, l := range bytes.SplitAfter(text, []byte("\n")) {
			m := rootElement.FindSubmatch(l)
			if m == nil || !bytes.HasPrefix(l, []byte("  <xs:element")) {
				continue
			}
			draw := wiretest.Message(contract[protoreflect.FullName("florin.v1."+string(m[1]))])
			for seed := range samples {
				documents = append(documents, keep(t, "sample.xml", contract.EncodeXML(nil, draw.Example(seed))))
			}
		}
		if len(documents) < samples {
			t.Fatalf("%s has no root elements", schema)
		}
		if err := validate(t, schema, documents...); err != nil {
			t.Error(err)
		}
	}
	goldens, _ := filepath.Glob("../../internal/wire/testdata/*.golden.xml")
	problems := slices.DeleteFunc(slices.Clone(goldens), func(p string) bool { return !strings.Contains(p, "problem") })
	goldens = slices.DeleteFunc(goldens, func(p string) bool { return strings.Contains(p, "problem") })
	if err := validate(t, contractXSD, goldens...); err != nil || len(goldens) < 5 {
		t.Error(err)
	}
	if err := validate(t, problemXSD, problems...); err != nil || len(problems) == 0 {
		t.Error(err)
	}
}

// TestAnswersMatchTheirSchema: what the binary answers in XML is what the schemas say that
// it gives away.
func TestAnswersMatchTheirSchema(t *testing.T) {
	s := dev(t)
	contractXSD, problemXSD := schemas(t, s)
	order := func(source string) string {
		return `<create_payment_request xmlns="urn:florin:v1"><amount>100</amount><currency>USD</currency><source>` + source +
			`</source><description>Tea &amp; cake</description><metadata><entry><key>table</key><value>4</value></entry></metadata></create_payment_request>`
	}
	for _, c := range []struct {
		verb, path, body, key string
		status                int
		root                  string
	}{
		{"POST", "/v1/payments", order("tok_visa"), s.Key, 200, "payment"},
		{"POST", "/v1/payments", order(s.Wallet), s.Key, 200, "payment"},
		{"GET", "/v1/payments?expand=source", "", s.Key, 200, "list_payments_response"},
		{"GET", "/v1/events", "", s.Key, 200, "list_events_response"},
		{"GET", "/v1/wallets/" + s.Wallet, "", s.Key, 200, "wallet"},
		{"POST", "/v1/payments", order("tok_stolen_card"), s.Key, 402, "problem"},
		{"POST", "/v1/payments", "<create_payment_request/>", s.Key, 400, "problem"},
		{"POST", "/v1/payments", "<", s.Key, 400, "problem"},
		{"GET", "/v1/payments/pay_none", "", s.Key, 404, "problem"},
		{"GET", "/v1/payments", "", "none", 401, "problem"},
	} {
		a := ask(t, s, c.verb, c.path, c.body, "Authorization", "Bearer "+c.key, "Content-Type", "application/xml", "Accept", "application/xml")
		schema := contractXSD
		if c.root == "problem" {
			schema = problemXSD
		}
		if a.status != c.status || !bytes.Contains(a.body, []byte("<"+c.root+" xmlns=")) {
			t.Errorf("%s %s: HTTP %d, want %d with a %s\n%s", c.verb, c.path, a.status, c.status, c.root, a.body)
		}
		if err := validate(t, schema, keep(t, "answer.xml", a.body)); err != nil {
			t.Errorf("%s %s: %v\n%s", c.verb, c.path, err, a.body)
		}
	}
}

// TestSchemaRefuses: a schema that takes everything would prove nothing.
func TestSchemaRefuses(t *testing.T) {
	contractXSD, _ := schemas(t, dev(t))
	const head = `<create_payment_request xmlns="urn:florin:v1">`
	for text, taken := range map[string]bool{
		head + `<amount>73</amount><currency>USD</currency><metadata><entry><key>a</key><value/></entry></metadata></create_payment_request>`: true,
		head + `<currency>USD</currency><amount>73</amount></create_payment_request>`:                                                         false,
		head + `<amount>073</amount></create_payment_request>`:                                                                                false,
		head + `<capture>later</capture></create_payment_request>`:                                                                            false,
		head + `<amuont>73</amuont></create_payment_request>`:                                                                                 false,
		head + `<metadata><entry><key>a</key></entry></metadata></create_payment_request>`:                                                    false,
		`<create_payment_request/>`:        false,
		`<payment xmlns="urn:florin:v1"/>`: false,
		`<capture_payment_request xmlns="urn:florin:v1"><more_to_come>1</more_to_come></capture_payment_request>`:                 false,
		`<event xmlns="urn:florin:v1"><id/><object/><sequence>1</sequence><type/><livemode>true</livemode><api_version/></event>`: true,
	} {
		if err := validate(t, contractXSD, keep(t, "case.xml", []byte(text))); (err == nil) != taken {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// readText prints the text of each document's first element.
const readText = `
import json, sys, xml.etree.ElementTree as tree
print(json.dumps([tree.fromstring(d.encode())[0].text or "" for d in json.load(sys.stdin)]))
`

// writeText writes each text as a request, with the namespace that this library invents
// a prefix for.
const writeText = `
import json, sys, xml.etree.ElementTree as tree
def write(text):
    root = tree.Element("{urn:florin:v1}create_payment_request")
    tree.SubElement(root, "{urn:florin:v1}description").text = text
    return tree.tostring(root, encoding="UTF-8", xml_declaration=True).decode()
print(json.dumps([write(t) for t in json.load(sys.stdin)]))
`

// TestExpatReadsWhatWeWrite, exactly, and we what it writes. Python's writer leaves a
// carriage return as it is, which XML makes a line feed: only our own output keeps it.
func TestExpatReadsWhatWeWrite(t *testing.T) {
	texts := []string{"", "a\r\nb\rc\n\td", "]]>", "<a b='c'>&amp;</a>", " \u2028\u0085 金😀 ", "\r"}
	for seed := range 300 {
		texts = append(texts, rapid.StringOf(rapid.SampledFrom([]rune(wiretest.Text.Example(seed)+"x"))).Example(seed))
	}
	var documents, written []string
	for _, text := range texts {
		documents = append(documents, string(contract.EncodeXML(nil, &florinv1.EventRequest{Id: text})))
	}
	var read []string
	python(t, readText, documents, &read)
	if !slices.Equal(read, texts) {
		t.Errorf("read %q, written %q", read, texts)
	}
	python(t, writeText, texts, &written)
	for i, document := range written {
		q := &florinv1.CreatePaymentRequest{}
		if err := contract.DecodeXML([]byte(document), q, 0); err != nil {
			t.Fatalf("%s: %v", document, err)
		}
		if want := (&florinv1.CreatePaymentRequest{Description: lineFeeds.Replace(texts[i])}); !proto.Equal(q, want) {
			t.Errorf("%q was read as %v", document, q)
		}
	}
}

var lineFeeds = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// python runs a script that reads JSON and prints JSON.
func python(t *testing.T, script string, in, out any) {
	t.Helper()
	text, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(tool(t, pythonTools, "python"), "-c", script)
	c.Stdin, c.Stderr = bytes.NewReader(text), os.Stderr
	answer, err := c.Output()
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(answer, out); err != nil {
		t.Fatal(err)
	}
}
