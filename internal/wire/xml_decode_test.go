package wire

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
)

// request puts elements into a request.
func request(elements string) string {
	return "<create_payment_request>" + elements + "</create_payment_request>"
}

func TestDecodeXMLTakes(t *testing.T) {
	amount := &florinv1.CreatePaymentRequest{Amount: proto.Int64(73)}
	text := func(s string) proto.Message { return &florinv1.CreatePaymentRequest{Description: s} }
	for name, c := range map[string]struct {
		body string
		want proto.Message
	}{
		"nothing":          {"", &florinv1.CreatePaymentRequest{}},
		"white space":      {" \n\t\r", &florinv1.CreatePaymentRequest{}},
		"empty":            {"<create_payment_request/>", &florinv1.CreatePaymentRequest{}},
		"declaration":      {`<?xml version="1.0" encoding="UTF-8"?>` + "\n" + request("<amount>73</amount>"), amount},
		"short one":        {`<?xml version='1.0'?>` + request("<amount>73</amount>"), amount},
		"standalone":       {`<?xml version = "1.0" standalone="yes" ?>` + request("<amount>73</amount>"), amount},
		"byte order mark":  {"\ufeff" + request("<amount>73</amount>"), amount},
		"namespace":        {`<create_payment_request xmlns="urn:florin:v1"><amount>73</amount></create_payment_request>`, amount},
		"by reference":     {`<create_payment_request xmlns='urn&#58;florin:v1'><amount>73</amount></create_payment_request>`, amount},
		"prefix":           {`<f:create_payment_request xmlns:f="urn:florin:v1" xmlns:x="urn:x"><f:amount>73</f:amount></f:create_payment_request>`, amount},
		"left again":       {`<create_payment_request xmlns="urn:florin:v1"><amount xmlns="">73</amount></create_payment_request>`, amount},
		"white in tags":    {"<create_payment_request >\n\t<amount\r>73</amount \n></create_payment_request\t>\n", amount},
		"comments":         {"<!-- a --><create_payment_request><!--b--><amount>7<!-- - -->3</amount></create_payment_request><!---->", amount},
		"around values":    {request("<amount>\n 73\t</amount><capture> manual </capture>"), &florinv1.CreatePaymentRequest{Amount: proto.Int64(73), Capture: florinv1.CaptureMode_CAPTURE_MODE_MANUAL}},
		"largest":          {request("<amount>9007199254740991</amount>"), &florinv1.CreatePaymentRequest{Amount: proto.Int64(9007199254740991)}},
		"CDATA":            {request("<description>a<![CDATA[<b>&amp;]]]]><![CDATA[>]]></description>"), text("a<b>&amp;]]>")},
		"entities":         {request("<description>&lt;&gt;&amp;&quot;&apos;&#65;&#x42;&#x1F600;</description>"), text(`<>&"'AB😀`)},
		"exact white":      {request("<description> \t\n&#13;&#10;&#9; </description>"), text(" \t\n\r\n\t ")},
		"line ends":        {request("<description>a\r\nb\rc\n\r\nd<![CDATA[\r\n\r]]></description>"), text("a\nb\nc\n\nd\n\n")},
		"characters":       {request("<description>金😀é\u0085\u2028\x7f]]</description>"), text("金😀é\u0085\u2028\x7f]]")},
		"empty text":       {request("<description/><reference></reference>"), &florinv1.CreatePaymentRequest{}},
		"map":              {request("<metadata><entry><key>a</key><value>1</value></entry> <entry><value/><key>b</key></entry></metadata>"), &florinv1.CreatePaymentRequest{Metadata: map[string]string{"a": "1", "b": ""}}},
		"empty map":        {request("<metadata/>"), &florinv1.CreatePaymentRequest{}},
		"presence":         {"<limit_wallet_request><limit_per_day>0</limit_per_day></limit_wallet_request>", &florinv1.LimitWalletRequest{LimitPerDay: proto.Int64(0)}},
		"list":             {"<create_api_key_request><scopes>a</scopes><name/><scopes>b</scopes></create_api_key_request>", &florinv1.CreateApiKeyRequest{Scopes: []string{"a", "b"}}},
		"instant":          {"<get_account_request><at>2026-01-31T09:30:00.000001+01:00</at></get_account_request>", &florinv1.GetAccountRequest{At: &timestamppb.Timestamp{Seconds: 1769848200, Nanos: 1000}}},
		"bool":             {"<capture_payment_request><more_to_come>true</more_to_come></capture_payment_request>", &florinv1.CapturePaymentRequest{MoreToCome: true}},
		"nested":           {"<payment><card><brand>visa</brand><expiry_month>4</expiry_month></card></payment>", &florinv1.Payment{Card: &florinv1.CardSummary{Brand: "visa", ExpiryMonth: 4}}},
		"list of them":     {"<list_payments_response><data><id>a</id></data><data/></list_payments_response>", &florinv1.ListPaymentsResponse{Data: []*florinv1.Payment{{Id: "a"}, {}}}},
		"one of them":      {"<event_data><card><id>a</id></card></event_data>", &florinv1.EventData{Object: &florinv1.EventData_Card{Card: &florinv1.Card{Id: "a"}}}},
		"another's prefix": {`<x:create_payment_request xmlns:x="urn:florin:v1" xmlns="urn:other"><x:amount>73</x:amount></x:create_payment_request>`, amount},
	} {
		t.Run(name, func(t *testing.T) {
			got := c.want.ProtoReflect().New().Interface()
			if err := contract.DecodeXML([]byte(c.body), got, 0); err != nil {
				t.Fatal(err)
			}
			if !proto.Equal(got, c.want) {
				t.Errorf("%s became %v, want %v", c.body, got, c.want)
			}
		})
	}
}

// inRequest are refused inside of a create_payment_request, whose name the places leave out.
var inRequest = []struct{ body, want string }{
	{"<amuont>1</amuont>", "/amuont unknown_field"},
	{"<amount>1</amount><amount>1</amount>", "/amount duplicate_field"},
	{"<amount>x</amount><currency><b/></currency><z><a>1<b/></a></z><capture>later</capture>", "/amount not_an_integer\n/currency wrong_type\n/z unknown_field\n/capture unknown_value"},
	{"<metadata><entry><key>a</key><value>1</value></entry><entry><key>a</key><value>2</value></entry></metadata>", "/metadata/entry[2]/key duplicate_field"},
	{"<metadata><entry><key>a</key></entry><entry><value>2</value></entry><entry/></metadata>", "/metadata/entry[1]/value required\n/metadata/entry[2]/key required\n/metadata/entry[3]/key required\n/metadata/entry[3]/value required"},
	{"<metadata><entry><key>a</key><key>b</key><value>1</value></entry></metadata>", "/metadata/entry[1]/key duplicate_field"},
	{"<metadata><entry><key>a</key><value><b/></value></entry></metadata>", "/metadata/entry[1]/value wrong_type"},
	{"<metadata><a>1</a><entry><key>a</key><value>1</value><x/></entry></metadata>", "/metadata/a unknown_field\n/metadata/entry[1]/x unknown_field"},
	{"<metadata>text<entry><key>a</key>text<value>1</value></entry></metadata>", "/metadata wrong_type\n/metadata/entry[1] wrong_type"},
	{"<metadata/><metadata/>", "/metadata duplicate_field"},
	{"text", " wrong_type"},
	{"&#32;", " wrong_type"},
	{"<![CDATA[ ]]>", " wrong_type"},
	{"<amount/>", "/amount not_an_integer"},
	{"<amount>1.0</amount>", "/amount not_an_integer"},
	{"<amount>+1</amount>", "/amount not_an_integer"},
	{"<amount>01</amount>", "/amount not_an_integer"},
	{"<amount>1 2</amount>", "/amount not_an_integer"},
	{"<amount>\u00a01</amount>", "/amount not_an_integer"},
	{"<amount>9007199254740992</amount>", "/amount number_out_of_range"},
	{"<amount>1<b>2</b></amount>", "/amount wrong_type"},
	{"<capture/>", "/capture unknown_value"},
	{"<capture>unspecified</capture>", "/capture unknown_value"},
	{`<amount currency="USD" xml:lang="en">1</amount>`, "/amount/@currency unknown_field\n/amount/@xml:lang unknown_field"},
	{`<metadata a="1"><entry b="2"><key c="3">a</key><value>1</value></entry></metadata>`, "/metadata/@a unknown_field\n/metadata/entry[1]/@b unknown_field\n/metadata/entry[1]/key/@c unknown_field"},
	{`<amount xmlns="urn:other">1</amount>`, "/amount unknown_field"},
	{`<x:amount xmlns:x="urn:other">1</x:amount>`, "/amount unknown_field"},
	{`<xml:amount>1</xml:amount>`, "/amount unknown_field"},
	{"<description>a\x00b\x01</description><reference>&#0;</reference><source>&#x1f;\uffff</source><currency>&#xFFFE;</currency>", "/description invalid_character\n/reference invalid_character\n/source invalid_character\n/currency invalid_character"},
	{"<description>&#xD800;</description><reference>&#x110000;&#99999999999;</reference>", "/description invalid_character\n/reference invalid_character"},
	{"<!-- \x01 --><description><![CDATA[\x02]]></description>", " invalid_character\n/description invalid_character"},
	// what ends the walk
	{"<description>\xff</description><amount>x</amount>", "/description invalid_utf8"},
	{"<!-- \xff -->", " invalid_utf8"},
	{"<x:amount>1</x:amount>", " malformed_xml"},
	{`<amount xmlns:x="">1</amount>`, " malformed_xml"},
	{`<amount xmlns:xmlns="urn:florin:v1">1</amount>`, " malformed_xml"},
	{`<amount xmlns="" xmlns="">1</amount>`, " malformed_xml"},
	{`<amount a="" a="">1</amount>`, " malformed_xml"},
	{`<amount a=b>1</amount>`, " malformed_xml"},
	{`<amount a>1</amount>`, " malformed_xml"},
	{`<amount a="b"c="d">1</amount>`, " malformed_xml"},
	{`<amount a="<">1</amount>`, " malformed_xml"},
	{`<amount a="&b;">1</amount>`, " malformed_xml"},
	{`<amount a="b`, " malformed_xml"},
	{"<amount>1</currency>", "/amount malformed_xml"},
	{"<amount>1</amoun>", "/amount malformed_xml"},
	{"<amount>1</amounts>", "/amount malformed_xml"},
	{"<amount>1</ amount>", "/amount malformed_xml"},
	{"<amount>1<amount>", "/amount malformed_xml"},
	{"<amount>1", "/amount malformed_xml"},
	{"<amount", " malformed_xml"},
	{"<", " malformed_xml"},
	{"< amount>1</amount>", " malformed_xml"},
	{"<1amount/>", " malformed_xml"},
	{"<a:b:c/>", " malformed_xml"},
	{"<:c/>", " malformed_xml"},
	{"<é/>", " malformed_xml"},
	{"<description>a & b</description>", "/description malformed_xml"},
	{"<description>&b;</description>", "/description malformed_xml"},
	{"<description>&;</description>", "/description malformed_xml"},
	{"<description>&#;</description>", "/description malformed_xml"},
	{"<description>&#x;</description>", "/description malformed_xml"},
	{"<description>&#X41;</description>", "/description malformed_xml"},
	{"<description>&#6a;</description>", "/description malformed_xml"},
	{"<description>&#-6;</description>", "/description malformed_xml"},
	{"<description>&amp</description>", "/description malformed_xml"},
	{"<description>a]]>b</description>", "/description malformed_xml"},
	{"<description><![CDATA[a</description>", "/description malformed_xml"},
	{"<description><!-- a</description>", "/description malformed_xml"},
	{"<description><!-- a -- b --></description>", "/description malformed_xml"},
	{"<description><!-- a ---></description>", "/description malformed_xml"},
	{"<description><?php echo ?></description>", "/description markup_refused"},
	{"<?xml version='1.0'?>", " markup_refused"},
	{"<!ELEMENT a>", " markup_refused"},
	{strings.Repeat("<x>", depthMax), "/x too_deep"},
}

func TestDecodeXMLRefuses(t *testing.T) {
	const root = "/create_payment_request"
	for _, c := range inRequest {
		err := contract.DecodeXML([]byte(request(c.body)), &florinv1.CreatePaymentRequest{}, 0)
		if err == nil {
			t.Errorf("%s was taken", c.body)
			continue
		}
		if got := strings.ReplaceAll(places(t, err), root, ""); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.body, got, c.want)
		}
	}
}

func TestDecodeXMLRefusesDocuments(t *testing.T) {
	wallet := &florinv1.LimitWalletRequest{}
	for _, c := range []struct {
		body string
		into proto.Message
		want string
	}{
		{"<payment/>", wallet, "/payment wrong_type"},
		{`<limit_wallet_request xmlns="urn:other"><id/></limit_wallet_request>`, wallet, "/limit_wallet_request wrong_type"},
		{"<limit_wallet_request a='1'><id>a</id></limit_wallet_request>", wallet, "/limit_wallet_request/@a unknown_field\n/limit_wallet_request/id unknown_field"},
		{"<create_api_key_request><scopes>a</scopes><scopes><b/></scopes><scopes a='b'>c</scopes></create_api_key_request>", &florinv1.CreateApiKeyRequest{}, "/create_api_key_request/scopes[2] wrong_type\n/create_api_key_request/scopes[3]/@a unknown_field"},
		{"<list_payments_response><data/><data><card><last4><x/></last4></card>x</data></list_payments_response>", &florinv1.ListPaymentsResponse{}, "/list_payments_response/data[2]/card/last4 wrong_type\n/list_payments_response/data[2] wrong_type"},
		{"<event_data><card/><payment/></event_data>", &florinv1.EventData{}, "/event_data/payment conflicting_fields"},
		{"<get_account_request><at>2026-02-30T09:30:00Z</at></get_account_request>", &florinv1.GetAccountRequest{}, "/get_account_request/at invalid_time"},
		{"<capture_payment_request><more_to_come>1</more_to_come></capture_payment_request>", &florinv1.CapturePaymentRequest{}, "/capture_payment_request/more_to_come wrong_type"},
		{`{"amount":1}`, wallet, "malformed_xml"},
		{"text", wallet, "malformed_xml"},
		{"<!-- nothing -->", wallet, "malformed_xml"},
		{"<?xml version='1.0'?>", wallet, "malformed_xml"},
		{"<limit_wallet_request/><limit_wallet_request/>", wallet, "trailing_data"},
		{"<limit_wallet_request/>x", wallet, "trailing_data"},
		{"<limit_wallet_request/>\x00", wallet, "trailing_data"},
		{"<limit_wallet_request/><?x?>", wallet, "markup_refused"},
		{"<?x?><limit_wallet_request/>", wallet, "markup_refused"},
		{"<!DOCTYPE limit_wallet_request><limit_wallet_request/>", wallet, "markup_refused"},
		{" <?xml version='1.0'?><limit_wallet_request/>", wallet, "markup_refused"},
		{"<?xml version='1.1'?><limit_wallet_request/>", wallet, "malformed_xml"},
		{"<?xml?><limit_wallet_request/>", wallet, "markup_refused"},
		{"<?xml encoding='UTF-8'?><limit_wallet_request/>", wallet, "malformed_xml"},
		{"<?xml version='1.0' encoding='UTF-16'?><limit_wallet_request/>", wallet, "invalid_utf8"},
		{"<?xml version='1.0'encoding='UTF-8'?><limit_wallet_request/>", wallet, "malformed_xml"},
		{"<?xml version='1.0' standalone='maybe'?><limit_wallet_request/>", wallet, "malformed_xml"},
		{"<?xml version='1.0' x='1'?><limit_wallet_request/>", wallet, "malformed_xml"},
		{"\xff\xfe<\x00a\x00/\x00>\x00", wallet, "malformed_xml"},
	} {
		given := FieldSet(0)
		if c.into == wallet {
			given = contract["florin.v1.LimitWalletRequest"].Named["id"].Bit()
		}
		err := contract.DecodeXML([]byte(c.body), c.into.ProtoReflect().New().Interface(), given)
		if err == nil {
			t.Errorf("%s was taken", c.body)
		} else if got := places(t, err); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.body, got, c.want)
		}
	}
}

// TestXMLBombs: what makes other readers work without end is refused at once, in
// memory that is bounded by the document's own size.
func TestXMLBombs(t *testing.T) {
	const mega = 1 << 20
	fill := func(head, piece, tail string) string {
		return head + strings.Repeat(piece, (mega-len(head)-len(tail))/len(piece)) + tail
	}
	laughs := `<!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol1 "` + strings.Repeat("&lol;", 10) + `">]><lolz>&lol1;</lolz>`
	for name, body := range map[string]string{
		"billion laughs":   laughs,
		"quadratic":        `<!DOCTYPE a [<!ENTITY x "` + strings.Repeat("x", mega/2) + `">]><a>` + strings.Repeat("&x;", mega/8) + `</a>`,
		"external entity":  `<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><create_payment_request><description>&x;</description></create_payment_request>`,
		"nesting":          fill("", "<a>", ""),
		"long name":        fill("<", "a", "/>"),
		"long prefix":      fill("<", "a", ":b/>"),
		"long attribute":   fill("<create_payment_request ", "a", `="1"/>`),
		"many attributes":  fill("<create_payment_request", " a=''", "/>"),
		"many spaces":      fill("<create_payment_request", " xmlns:a=''", "/>"),
		"many elements":    fill("<create_payment_request>", "<a/>", "</create_payment_request>"),
		"open tags":        fill("<create_payment_request>", "<", ""),
		"open comments":    fill("<create_payment_request>", "<!--", ""),
		"open sections":    fill("<create_payment_request><description>", "<![CDATA[", ""),
		"ampersands":       fill("<create_payment_request><description>", "&", ""),
		"long reference":   fill("<create_payment_request><description>&#", "0", ";</description>"),
		"references":       fill("<create_payment_request><amount>", "&#48;", "</amount></create_payment_request>"),
		"long number":      fill("<create_payment_request><amount>", "9", "</amount></create_payment_request>"),
		"same entries":     fill("<create_payment_request><metadata>", "<entry><key/><value/></entry>", "</metadata></create_payment_request>"),
		"control letters":  fill("<create_payment_request>", "<source>\x01</source>", "</create_payment_request>"),
		"long declaration": fill(`<?xml version="`, "1", `"?><create_payment_request/>`),
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			began := time.Now()
			err := contract.DecodeXML([]byte(body), &florinv1.CreatePaymentRequest{}, 0)
			took := time.Since(began)
			runtime.ReadMemStats(&after)
			if err == nil {
				t.Fatal("it was taken")
			}
			places(t, err)
			if used := after.TotalAlloc - before.TotalAlloc; used > 32*mega {
				t.Errorf("%d bytes were allocated for a document of %d", used, len(body))
			}
			if len(err.Error()) > 10_000 {
				t.Errorf("the refusal has %d bytes", len(err.Error()))
			}
			t.Log(took)
		})
	}
}

func TestDecodeXMLRepeatsNoDigits(t *testing.T) {
	const number = "4242424242424242"
	for _, elements := range []string{
		"<n" + number + ">1</n" + number + ">", "<amount>" + number + "00</amount>", "<amount n" + number + "='1'>1</amount>",
		"<card_number><b>" + number + "</b></card_number>", "<capture>" + number + "</capture>",
		number, "<description>&" + number + ";</description>", "<a xmlns='" + number + "'/>", "<!" + number + ">",
	} {
		err := contract.DecodeXML([]byte(request(elements)), &florinv1.CreatePaymentRequest{}, 0)
		if err == nil {
			t.Errorf("%s was taken", elements)
		} else if strings.Contains(err.Error(), "42424") {
			t.Errorf("%s: the answer repeats the digits: %v", elements, err)
		}
	}
}
