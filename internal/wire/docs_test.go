package wire

import (
	"encoding/hex"
	"os"
	"regexp"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoregistry"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
)

var (
	example     = regexp.MustCompile("(?ms)^```(\\w+) (\\w+)\n(.*?)^```$")
	between     = regexp.MustCompile(`>\s+<`)
	refusedLine = regexp.MustCompile(`^(.*?)\s+((?:/\S+ )?[a-z_0-9]+)$`)
)

// TestFormatsPageIsTrue: the examples of the page are read, or written, as it says.
func TestFormatsPageIsTrue(t *testing.T) {
	page, err := os.ReadFile("../../docs/api/formats.md")
	if err != nil {
		t.Fatal(err)
	}
	messages := map[string]proto.Message{}
	for _, block := range example.FindAllStringSubmatch(string(page), -1) {
		format, name, text := block[1], block[2], block[3]
		switch format {
		case "text":
			refusedAsSaid(t, text)
		case "json":
			messages[name] = named(t, name)
			if err := contract.DecodeJSON([]byte(text), messages[name], 0); err != nil {
				t.Errorf("%s: %v", text, err)
			}
		case "textproto":
			got := named(t, name)
			if err := prototext.Unmarshal([]byte(text), got); err != nil || !proto.Equal(got, messages[name]) {
				t.Errorf("%s is %v, not %v: %v", text, got, messages[name], err)
			}
		case "xml":
			checkXML(t, text, messages[name])
		}
	}
	if len(messages) < 3 {
		t.Errorf("the page has only %d messages", len(messages))
	}
}

// checkXML holds a request against what is read, anything else against what is written.
func checkXML(t *testing.T, text string, want proto.Message) {
	t.Helper()
	if _, isRequest := want.(*florinv1.CreatePaymentRequest); isRequest {
		got := want.ProtoReflect().New().Interface()
		if err := contract.DecodeXML([]byte(text), got, 0); err != nil || !proto.Equal(got, want) {
			t.Errorf("%s is read as %v: %v", text, got, err)
		}
		return
	}
	shown := xmlDeclaration + strings.TrimSpace(between.ReplaceAllString(text, "><"))
	if got := string(contract.EncodeXML(nil, want)); got != shown {
		t.Errorf("written %s\n  shown %s", got, shown)
	}
}

// named is an empty message by the name of its root element.
func named(t *testing.T, root string) proto.Message {
	t.Helper()
	for name, s := range contract {
		if s.root.name == root {
			kind, err := protoregistry.GlobalTypes.FindMessageByName(name)
			if err != nil {
				t.Fatal(err)
			}
			return kind.New().Interface()
		}
	}
	t.Fatalf("no message is named %s", root)
	return nil
}

// refusedAsSaid reads lines of a body and of the one place that is wrong with it.
func refusedAsSaid(t *testing.T, text string) {
	t.Helper()
	for line := range strings.Lines(text) {
		m := refusedLine.FindStringSubmatch(strings.TrimSpace(line))
		if m == nil {
			t.Fatalf("not a body and a place: %s", line)
		}
		body, want := m[1], m[2]
		var err error
		q := &florinv1.CreatePaymentRequest{}
		switch body[0] {
		case '{':
			err = contract.DecodeJSON([]byte(body), q, 0)
		case '<':
			err = contract.DecodeXML([]byte(body), q, 0)
		default:
			data, broken := hex.DecodeString(body)
			if broken != nil {
				t.Fatalf("%s: %v", body, broken)
			}
			err = contract.DecodeProtobuf(data, q, 0)
		}
		if err == nil {
			t.Errorf("%s is taken", body)
		} else if got := places(t, err); got != want {
			t.Errorf("%s is refused with %s, not %s", body, got, want)
		}
	}
}
