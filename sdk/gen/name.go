package main

import (
	"slices"
	"strings"
	"unicode"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// comment is what stands above a declaration, as one line.
func comment(d protoreflect.Descriptor) string {
	return strings.Join(strings.Fields(d.ParentFile().SourceLocations().ByDescriptor(d).LeadingComments), " ")
}

// snake writes CreatePayment as create_payment.
func snake(s string) string {
	var b strings.Builder
	for i, r := range s {
		if unicode.IsUpper(r) && i > 0 {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// initialisms that Go writes in capitals.
var initialisms = []string{"id", "api", "url", "cvv"}

// pascal writes top_up as TopUp.
func pascal(s string) string {
	var b strings.Builder
	for part := range strings.SplitSeq(s, "_") {
		b.WriteString(capital(part))
	}
	return b.String()
}

// goName writes api_keys as APIKeys.
func goName(s string) string {
	var b strings.Builder
	for part := range strings.SplitSeq(s, "_") {
		if slices.Contains(initialisms, part) {
			b.WriteString(strings.ToUpper(part))
		} else {
			b.WriteString(capital(part))
		}
	}
	return b.String()
}

// camel writes top_up as topUp.
func camel(s string) string {
	p := pascal(s)
	return strings.ToLower(p[:1]) + p[1:]
}

func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// verbOf takes the resource's noun off a method's name: of create_payment in
// payments, create is left, and of send_from_wallet in wallets, send; of export_payments
// in exports, payments. What is about another noun keeps it, as get_balance in merchants.
func verbOf(name, noun string) string {
	for _, n := range []string{noun, strings.TrimSuffix(noun, "s")} {
		if verb, ok := strings.CutSuffix(name, "_"+n); ok {
			return strings.TrimSuffix(verb, "_from")
		}
		if what, ok := strings.CutPrefix(name, n+"_"); ok {
			return what
		}
	}
	return name
}

// wrapAt is the column at which comments are broken.
const wrapAt = 100

// wrap breaks a text into lines that begin with a prefix.
func wrap(prefix, text string) string {
	var b, line strings.Builder
	for w := range strings.FieldsSeq(text) {
		if line.Len() > 0 && len(prefix)+line.Len()+1+len(w) > wrapAt {
			b.WriteString(prefix + line.String() + "\n")
			line.Reset()
		}
		if line.Len() > 0 {
			line.WriteByte(' ')
		}
		line.WriteString(w)
	}
	if line.Len() > 0 {
		b.WriteString(prefix + line.String() + "\n")
	}
	return b.String()
}
