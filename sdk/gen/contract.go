package main

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
)

// contract is what the client libraries offer, in the order of the files and, within
// one, of their declarations.
type contract struct {
	Enums     []*enum
	Objects   []*message // that answers hold
	Requests  []*message // less what their URLs carry
	Resources []*resource
}

// enum is a closed list of words, to which the platform may add.
type enum struct {
	Name, Doc string
	Words     []word
}

// word is one value as JSON writes it.
type word struct{ Text, Doc string }

// message is an object of an answer, or what a call is given.
type message struct {
	Name, Doc string
	Fields    []*field
}

// field is a member of a message.
type field struct {
	Name, Doc string
	Kind      string // text, int, int64, bool, bytes, instant, enum or message
	Of        string // name of the enum or message
	List, Map bool
	Maybe     bool // null or left out, which is not the same as zero
	Choice    bool // of a oneof: left out unless it is the one
	Secret    bool // debug_redact
	Required  bool // in a request: the platform refuses its zero value
}

// resource is the methods below one URL, such as /v1/payments.
type resource struct {
	Name    string // the URL's noun, such as "api_keys"
	Methods []*method
}

// method is one call.
type method struct {
	Name    string   // its verb, such as "top_up"
	RPC     string   // as comments name it
	Doc     string   // without its first word, the name
	Verb    string   // of HTTP
	Path    string   // with {name} where an id goes
	In      []*field // what the path takes, in order
	Request *message
	Answer  string // an object's name; for a list or stream the name of what is listed
	Lists   bool
	Streams bool // any number of answers, one a line
	Creates bool // an Idempotency-Key is honoured
}

// mentions replaces the names of methods in comments by what a language calls them.
func (c *contract) mentions(as func(resource, method string) string) *strings.Replacer {
	var pairs []string
	for _, r := range c.Resources {
		for _, m := range r.Methods {
			pairs = append(pairs, m.RPC, as(r.Name, m.Name))
		}
	}
	return strings.NewReplacer(pairs...)
}

// Needs says whether the call cannot be made without parameters.
func (m *method) Needs() bool {
	return slices.ContainsFunc(m.Request.Fields, func(f *field) bool { return f.Required })
}

const contractPackage = "florin.v1"

// readContract reads the files of a serialized descriptor set that has comments.
func readContract(image []byte) (*contract, error) {
	set := &descriptorpb.FileDescriptorSet{}
	if err := proto.Unmarshal(image, set); err != nil {
		return nil, fmt.Errorf("this is not a descriptor set: %w", err)
	}
	files, err := protodesc.NewFiles(set)
	if err != nil {
		return nil, err
	}
	var own []protoreflect.FileDescriptor
	files.RangeFilesByPackage(contractPackage, func(f protoreflect.FileDescriptor) bool {
		own = append(own, f)
		return true
	})
	slices.SortFunc(own, func(a, b protoreflect.FileDescriptor) int { return strings.Compare(a.Path(), b.Path()) })
	r := &reader{contract: &contract{}, answers: map[protoreflect.FullName]bool{}}
	for _, f := range own {
		for i := range f.Services().Len() {
			if err := r.service(f.Services().Get(i)); err != nil {
				return nil, err
			}
		}
	}
	if len(r.Resources) == 0 {
		return nil, fmt.Errorf("no method of package %s has a URL", contractPackage)
	}
	r.objects(own)
	return r.contract, r.failed
}

type reader struct {
	*contract
	answers map[protoreflect.FullName]bool // messages and enums that answers hold
	used    []protoreflect.FullName
	failed  error // fields that cannot be read
}

func (r *reader) service(s protoreflect.ServiceDescriptor) error {
	for i := range s.Methods().Len() {
		d := s.Methods().Get(i)
		http, _ := proto.GetExtension(d.Options(), annotations.E_Http).(*annotations.HttpRule)
		if http == nil || d.IsStreamingClient() {
			continue // not a call of REST
		}
		m, err := r.method(d, http)
		if err != nil {
			return fmt.Errorf("%s: %w", d.FullName(), err)
		}
		noun := strings.Split(strings.TrimPrefix(m.Path, "/v1/"), "/")[0]
		m.Name = verbOf(snake(string(d.Name())), noun)
		at := slices.IndexFunc(r.Resources, func(x *resource) bool { return x.Name == noun })
		if at < 0 {
			at = len(r.Resources)
			r.Resources = append(r.Resources, &resource{Name: noun})
		}
		to := r.Resources[at]
		if slices.ContainsFunc(to.Methods, func(x *method) bool { return x.Name == m.Name }) {
			return fmt.Errorf("%s: %s has another method named %s", d.FullName(), noun, m.Name)
		}
		to.Methods = append(to.Methods, m)
	}
	return nil
}

func (r *reader) method(d protoreflect.MethodDescriptor, http *annotations.HttpRule) (*method, error) {
	m := &method{RPC: string(d.Name()), Doc: strings.TrimPrefix(comment(d), string(d.Name())+" "), Streams: d.IsStreamingServer()}
	switch p := http.Pattern.(type) {
	case *annotations.HttpRule_Get:
		m.Verb, m.Path = "GET", p.Get
	case *annotations.HttpRule_Post:
		m.Verb, m.Path = "POST", p.Post
	case *annotations.HttpRule_Delete:
		m.Verb, m.Path = "DELETE", p.Delete
	default:
		return nil, fmt.Errorf("the client libraries do not know this HTTP method yet")
	}
	if m.Streams && m.Verb != "GET" {
		return nil, fmt.Errorf("the client libraries read streams by GET only")
	}
	rule, _ := proto.GetExtension(d.Options(), florinv1.E_Rule).(*florinv1.Rule)
	m.Creates = rule.GetCreates()
	m.Request = &message{Name: strings.TrimSuffix(string(d.Input().Name()), "Request"), Doc: m.Doc}
	for i := range d.Input().Fields().Len() {
		f := r.field(d.Input().Fields().Get(i))
		if strings.Contains(m.Path, "{"+f.Name+"}") {
			m.In = append(m.In, f)
		} else {
			m.Request.Fields = append(m.Request.Fields, f)
		}
	}
	if strings.Count(m.Path, "{") != len(m.In) {
		return nil, fmt.Errorf("the path %s names a field that the request has not", m.Path)
	}
	r.Requests = append(r.Requests, m.Request)
	data, more := d.Output().Fields().ByName("data"), d.Output().Fields().ByName("has_more")
	if m.Lists = !m.Streams && data != nil && data.IsList() && more != nil; m.Lists {
		m.Answer = string(data.Message().Name())
		r.reach(data.Message())
	} else {
		m.Answer = string(d.Output().Name())
		r.reach(d.Output())
	}
	return m, nil
}

// reach marks a message and all that it holds as part of answers.
func (r *reader) reach(d protoreflect.MessageDescriptor) {
	if r.answers[d.FullName()] || d.ParentFile().Package() != contractPackage {
		return
	}
	r.answers[d.FullName()] = true
	for i := range d.Fields().Len() {
		if f := d.Fields().Get(i); f.Kind() == protoreflect.MessageKind && !f.IsMap() {
			r.reach(f.Message())
		}
	}
}

// objects lists the reached messages, and all enums that a call sends or gets.
func (r *reader) objects(files []protoreflect.FileDescriptor) {
	for _, f := range files {
		for i := range f.Messages().Len() {
			d := f.Messages().Get(i)
			if !r.answers[d.FullName()] {
				continue
			}
			m := &message{Name: string(d.Name()), Doc: comment(d)}
			for i := range d.Fields().Len() {
				m.Fields = append(m.Fields, r.field(d.Fields().Get(i)))
			}
			r.Objects = append(r.Objects, m)
		}
	}
	for _, f := range files {
		for i := range f.Enums().Len() {
			if d := f.Enums().Get(i); slices.Contains(r.used, d.FullName()) {
				r.Enums = append(r.Enums, newEnum(d))
			}
		}
	}
}

// newEnum leaves out the zero value, which JSON writes as null.
func newEnum(d protoreflect.EnumDescriptor) *enum {
	e := &enum{Name: string(d.Name()), Doc: comment(d)}
	prefix := strings.ToUpper(snake(string(d.Name()))) + "_"
	for i := range d.Values().Len() {
		if v := d.Values().Get(i); v.Number() != 0 {
			e.Words = append(e.Words, word{strings.ToLower(strings.TrimPrefix(string(v.Name()), prefix)), comment(v)})
		}
	}
	return e
}

func (r *reader) field(d protoreflect.FieldDescriptor) *field {
	f := &field{Name: string(d.Name()), Doc: comment(d), List: d.IsList(), Map: d.IsMap(), Required: required(d)}
	one := d.ContainingOneof()
	f.Choice = one != nil && !one.IsSynthetic()
	f.Maybe = d.HasPresence() && !f.Choice
	if o, ok := d.Options().(*descriptorpb.FieldOptions); ok {
		f.Secret = o.GetDebugRedact()
	}
	switch {
	case f.Map:
		f.Kind = "text"
	case d.Kind() == protoreflect.EnumKind:
		f.Kind, f.Of, f.Maybe = "enum", string(d.Enum().Name()), !f.List
		r.used = append(r.used, d.Enum().FullName())
	case d.Kind() == protoreflect.MessageKind && d.Message().FullName() == "google.protobuf.Timestamp":
		f.Kind = "instant"
		f.Maybe = !f.List && f.Name != "created_at" // what exists was made at some time
	case d.Kind() == protoreflect.MessageKind:
		f.Kind, f.Of = "message", string(d.Message().Name())
	default:
		f.Kind = scalars[d.Kind()]
	}
	if f.Kind == "" {
		r.failed = errors.Join(r.failed, fmt.Errorf("%s: the client libraries do not know the type %s yet", d.FullName(), d.Kind()))
	}
	return f
}

var scalars = map[protoreflect.Kind]string{
	protoreflect.StringKind: "text", protoreflect.BoolKind: "bool", protoreflect.BytesKind: "bytes",
	protoreflect.Int32Kind: "int", protoreflect.Uint32Kind: "int", protoreflect.Int64Kind: "int64", protoreflect.Uint64Kind: "int64",
}

// required says whether the field's rules refuse its zero value, which is the same
// as leaving it out.
func required(d protoreflect.FieldDescriptor) bool {
	rules, _ := proto.GetExtension(d.Options(), validate.E_Field).(*validate.FieldRules)
	if rules.GetIgnore() != validate.Ignore_IGNORE_UNSPECIFIED || d.HasPresence() {
		return rules.GetRequired() // what is absent is held to no other rule
	}
	text, n, small := rules.GetString(), rules.GetInt64(), rules.GetInt32()
	return rules.GetRequired() || text.GetMinLen() > 0 || !allowsEmpty(text.GetPattern()) ||
		rules.GetRepeated().GetMinItems() > 0 || above(n.GetGreaterThan()) || above(small.GetGreaterThan())
}

// allowsEmpty says whether a pattern, if there is one, matches the empty text.
func allowsEmpty(pattern string) bool {
	return pattern == "" || regexp.MustCompile(pattern).MatchString("")
}

// above says whether a lower bound shuts out zero.
func above(bound any) bool {
	switch b := bound.(type) {
	case *validate.Int64Rules_Gt:
		return b.Gt >= 0
	case *validate.Int64Rules_Gte:
		return b.Gte > 0
	case *validate.Int32Rules_Gt:
		return b.Gt >= 0
	case *validate.Int32Rules_Gte:
		return b.Gte > 0
	}
	return false
}
