package card

// Brand is the card network that a number belongs to, as the API writes it.
type Brand string

// The brands.
const (
	Visa       Brand = "visa"
	Mastercard Brand = "mastercard"
	Amex       Brand = "amex"
	Discover   Brand = "discover"
	Diners     Brand = "diners"
	JCB        Brand = "jcb"
	UnionPay   Brand = "unionpay"
	Maestro    Brand = "maestro"
	Unknown    Brand = "unknown"
)

// ranges are first six digits, both ends included, and do not overlap. Where two
// networks share a range (622126 to 622925 is UnionPay and, in the USA,
// Discover; parts of 50 and 81 are also RuPay's), the one that owns it is named.
// Source: the networks' published ranges, ISO/IEC 7812 numbering.
var ranges = []struct {
	low, high int
	brand     Brand
}{
	{222_100, 272_099, Mastercard},
	{300_000, 305_999, Diners},
	{309_500, 309_599, Diners},
	{340_000, 349_999, Amex},
	{352_800, 358_999, JCB},
	{360_000, 369_999, Diners},
	{370_000, 379_999, Amex},
	{380_000, 399_999, Diners},
	{400_000, 499_999, Visa},
	{500_000, 509_999, Maestro},
	{510_000, 559_999, Mastercard},
	{560_000, 599_999, Maestro},
	{601_100, 601_199, Discover},
	{620_000, 629_999, UnionPay},
	{630_000, 639_999, Maestro},
	{644_000, 659_999, Discover},
	{670_000, 679_999, Maestro},
	{811_000, 817_199, UnionPay},
}

// Brand tells the network from the first six digits; Unknown if none claims
// them, and for the zero Number.
func (n Number) Brand() Brand {
	if n.IsZero() {
		return Unknown
	}
	bin := 0
	for _, c := range n.digits()[:6] {
		bin = bin*10 + int(c-'0')
	}
	for _, r := range ranges {
		if bin >= r.low && bin <= r.high {
			return r.brand
		}
	}
	return Unknown
}
