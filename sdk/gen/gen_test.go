package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
)

// image is the contract as this program holds it, without comments, after a change.
func image(t *testing.T, change func(*descriptorpb.FileDescriptorProto)) []byte {
	t.Helper()
	set := &descriptorpb.FileDescriptorSet{}
	seen := map[string]bool{}
	var add func(protoreflect.FileDescriptor)
	add = func(f protoreflect.FileDescriptor) {
		if seen[f.Path()] {
			return
		}
		seen[f.Path()] = true
		for i := range f.Imports().Len() {
			add(f.Imports().Get(i).FileDescriptor)
		}
		p := protodesc.ToFileDescriptorProto(f)
		change(p)
		set.File = append(set.File, p)
	}
	add(florinv1.File_florin_v1_event_proto)
	add(florinv1.File_florin_v1_export_proto)
	add(florinv1.File_florin_v1_wallet_proto)
	data, err := proto.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// request finds a message of a file.
func request(f *descriptorpb.FileDescriptorProto, name string) *descriptorpb.DescriptorProto {
	at := slices.IndexFunc(f.MessageType, func(m *descriptorpb.DescriptorProto) bool { return m.GetName() == name })
	if at < 0 {
		return nil
	}
	return f.MessageType[at]
}

func names(c *contract) (list []string) {
	for _, r := range c.Resources {
		for _, m := range r.Methods {
			list = append(list, r.Name+"."+m.Name)
		}
	}
	return list
}

func TestContractIsRead(t *testing.T) {
	c, err := readContract(image(t, func(*descriptorpb.FileDescriptorProto) {}))
	if err != nil {
		t.Fatal(err)
	}
	got := names(c)
	for _, want := range []string{"payments.create", "payments.list", "wallets.top_up", "wallets.send", "wallets.limit", "api_keys.rotate",
		"trial_balance.get", "transfers.list", "cards.delete", "exports.payments", "exports.balances"} {
		if !slices.Contains(got, want) {
			t.Errorf("%s is missing in %v", want, got)
		}
	}
	for _, r := range c.Resources {
		for _, m := range r.Methods {
			switch r.Name + "." + m.Name {
			case "payments.create":
				required := slices.DeleteFunc(slices.Clone(m.Request.Fields), func(f *field) bool { return !f.Required })
				if !m.Creates || len(required) != 2 || required[0].Name != "amount" || required[1].Name != "currency" {
					t.Errorf("%+v needs %+v", m, required)
				}
			case "payments.list":
				if !m.Lists || m.Answer != "Payment" || m.Creates || m.Needs() {
					t.Errorf("%+v", m)
				}
			case "exports.payments":
				if !m.Streams || m.Lists || m.Answer != "Payment" {
					t.Errorf("%+v", m)
				}
			case "payments.capture":
				if len(m.In) != 1 || m.In[0].Name != "id" || slices.ContainsFunc(m.Request.Fields, func(f *field) bool { return f.Name == "id" }) {
					t.Errorf("%+v", m)
				}
			}
		}
	}
}

// TestContractGrows: what is added to the contract reaches all three languages, also a
// method that becomes a stream; streams without a URL are left out.
func TestContractGrows(t *testing.T) {
	grown := image(t, func(f *descriptorpb.FileDescriptorProto) {
		if f.GetName() == "florin/v1/event.proto" {
			f.Service[0].Method[1].ServerStreaming = proto.Bool(true)                // ListEvents
			proto.ClearExtension(f.Service[0].Method[2].Options, annotations.E_Http) // StreamEvents
		}
		if m := request(f, "GetPaymentRequest"); m != nil {
			m.Field = append(m.Field, &descriptorpb.FieldDescriptorProto{Name: proto.String("unfold"), JsonName: proto.String("unfold"), Number: proto.Int32(90),
				Label: descriptorpb.FieldDescriptorProto_LABEL_REPEATED.Enum(), Type: descriptorpb.FieldDescriptorProto_TYPE_STRING.Enum()})
			list := request(f, "ListPaymentsRequest")
			limits := proto.Clone(request(f, "CapturePaymentRequest").Field[1].Options).(*descriptorpb.FieldOptions)
			list.Field = append(list.Field, &descriptorpb.FieldDescriptorProto{Name: proto.String("amount_floor"), JsonName: proto.String("amountFloor"), Number: proto.Int32(90),
				Label: descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL.Enum(), Type: descriptorpb.FieldDescriptorProto_TYPE_INT64.Enum(),
				Proto3Optional: proto.Bool(true), OneofIndex: proto.Int32(int32(len(list.OneofDecl))), Options: limits}) // above zero, if it is there
			list.OneofDecl = append(list.OneofDecl, &descriptorpb.OneofDescriptorProto{Name: proto.String("_amount_floor")})
			payment := request(f, "Payment") // an object that holds one of its own kind
			payment.Field = append(payment.Field, &descriptorpb.FieldDescriptorProto{Name: proto.String("parent_object"), JsonName: proto.String("parentObject"),
				Number: proto.Int32(90), Label: descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL.Enum(), Type: descriptorpb.FieldDescriptorProto_TYPE_MESSAGE.Enum(),
				TypeName: proto.String(".florin.v1.Payment")})
		}
	})
	made := map[string]string{}
	err := run(bytes.NewReader(grown), "", func(path string, text []byte) error {
		made[path] = strings.Join(strings.Fields(string(text)), " ")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string][]string{
		"go/types_gen.go":                 {"Unfold []string `json:\"unfold,omitzero\"`", "ParentObject *Payment", "AmountFloor *int64 `json:\"amount_floor,omitzero\"`"},
		"typescript/src/types.gen.ts":     {"unfold?: string[] | undefined;", "readonly parent_object: Payment | null;", "amount_floor?: number | undefined;"},
		"typescript/src/shapes.gen.ts":    {"parent_object: () => paymentShape,"},
		"python/src/florin/_resources.py": {"unfold: Sequence[str] | None = None,", "amount_floor: int | None = None,"},
		"python/src/florin/_types.py":     {"parent_object: Payment | None"},
	} {
		for _, w := range want {
			if !strings.Contains(made[path], w) {
				t.Errorf("%s lacks %s", path, w)
			}
		}
	}
	for path, want := range map[string]string{
		"go/resources_gen.go":             "iter.Seq2[*ListEventsResponse, error]",
		"typescript/src/resources.gen.ts": "AsyncIterable<types.ListEventsResponse>",
		"python/src/florin/_resources.py": "Iterator[ListEventsResponse]",
	} {
		if !strings.Contains(made[path], want) || strings.Contains(made[path], "StreamEvents") {
			t.Errorf("%s lacks %s, or has a stream without a URL", path, want)
		}
	}
}

func TestWhatCannotBeRead(t *testing.T) {
	ignore := func(string, []byte) error { return nil }
	for name, input := range map[string][]byte{"garbage": []byte("syntax"), "nothing": nil} {
		if err := run(bytes.NewReader(input), "", ignore); err == nil {
			t.Errorf("%s is taken for a contract", name)
		}
	}
	unknown := image(t, func(f *descriptorpb.FileDescriptorProto) {
		if m := request(f, "GetPaymentRequest"); m != nil {
			m.Field[0].Type = descriptorpb.FieldDescriptorProto_TYPE_DOUBLE.Enum()
		}
	})
	if err := run(bytes.NewReader(unknown), "", ignore); err == nil || !strings.Contains(err.Error(), "GetPaymentRequest.id") {
		t.Errorf("a type that no client has: %v", err)
	}
}
