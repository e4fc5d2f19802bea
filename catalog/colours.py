"""The colours that the catalog knows: one vocabulary of listings, filters, edits and evaluation."""
# ruff: noqa: E501 - a table reads better than its wrapped lines

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Colour:
    """A basic colour of the shoe trade."""

    slug: str
    """What is stored and put into an address, e.g. ``light-blue``."""
    code: int
    """A small whole number for filters inside a vector store; never reused."""
    rgb: tuple[int, int, int]
    """A typical sRGB value, for swatches and for colour distances."""
    synonyms: tuple[str, ...] = ()
    """Other words of the trade, lower case."""

    @property
    def name(self) -> str:
        return self.slug.replace("-", " ")


COLOURS: tuple[Colour, ...] = (
    Colour("black", 1, (26, 26, 28), ("core black", "triple black", "jet", "ebony", "onyx")),
    Colour("white", 2, (247, 247, 245), ("triple white", "cloud white", "optic white", "snow")),
    Colour("grey", 3, (136, 138, 140), ("gray", "charcoal", "anthracite", "slate", "graphite", "smoke", "cool grey", "wolf grey", "dark grey", "light grey")),
    Colour("red", 4, (200, 30, 38), ("crimson", "scarlet", "university red", "gym red", "infrared")),
    Colour("navy", 5, (28, 40, 84), ("navy blue", "midnight navy", "collegiate navy", "obsidian", "dark blue", "midnight blue", "indigo")),
    Colour("blue", 6, (36, 92, 190), ("royal", "royal blue", "cobalt", "game royal", "electric blue")),
    Colour("light-blue", 7, (142, 190, 228), ("sky blue", "baby blue", "powder blue", "university blue", "ice blue", "carolina blue")),
    Colour("green", 8, (38, 140, 70), ("kelly green", "pine green", "emerald")),
    Colour("light-green", 9, (150, 214, 106), ("lime", "volt", "neon green", "mint", "mint green", "lime green", "neon yellow")),
    Colour("dark-green", 10, (22, 66, 44), ("forest green", "hunter green", "bottle green", "forest")),
    Colour("olive", 11, (104, 104, 58), ("olive green", "army green", "khaki green", "moss", "sage")),
    Colour("yellow", 12, (244, 208, 48), ("mustard", "lemon", "canary", "maize")),
    Colour("orange", 13, (238, 122, 38), ("total orange", "rust", "coral", "apricot")),
    Colour("pink", 14, (240, 150, 180), ("rose", "blush", "fuchsia", "magenta", "hot pink", "peach", "salmon")),
    Colour("purple", 15, (112, 62, 150), ("violet", "lavender", "lilac", "plum", "court purple", "mauve")),
    Colour("maroon", 16, (112, 26, 42), ("burgundy", "dark red", "wine", "bordeaux", "team red", "oxblood", "claret")),
    Colour("brown", 17, (104, 66, 40), ("chocolate", "coffee", "espresso", "mocha", "mushroom brown", "chestnut", "dark brown", "cognac")),
    Colour("tan", 18, (202, 164, 112), ("khaki", "camel", "wheat", "sand", "taupe", "light brown", "gum", "honey", "desert")),
    Colour("beige", 19, (228, 212, 182), ("nude", "ecru", "oatmeal", "stone", "linen")),
    Colour("off-white", 20, (240, 234, 218), ("cream", "ivory", "bone", "sail", "chalk", "eggshell")),
    Colour("teal", 21, (20, 126, 130), ("turquoise blue", "dark turquoise", "petrol")),
    Colour("aqua", 22, (94, 206, 208), ("turquoise", "cyan", "tiffany", "aquamarine")),
    Colour("gold", 23, (198, 160, 70), ("metallic gold", "rose gold")),
    Colour("silver", 24, (192, 196, 200), ("metallic silver", "metallic", "chrome", "platinum", "pure platinum", "gunmetal")),
    Colour("bronze", 25, (150, 102, 58), ("copper", "metallic bronze")),
    Colour("multi", 26, (160, 120, 160), ("multicolor", "multicolour", "multi color", "multi colour", "rainbow", "multi-color")),
)  # fmt: skip

ELSEWHERE: Mapping[str, str] = {
    "black": "schwarz, schwarze, schwarzer, tiefschwarz, noir, noire, noirs, negro, negra, nero, nera, zwart, preto, preta, svart, czarny, czarne, siyah, 블랙, 검정, 검정색, ブラック, 黒, 黑色, czarna, musta, černá, černý, čierna, čierny, fekete, negru, черный, черные, чорний, чорні, μαύρο, μαύρα, أسود, שחור",
    "white": "weiß, weiße, weisser, reinweiß, blanc, blanche, blancs, blanco, blanca, bianco, bianca, wit, branco, branca, hvid, hvit, bialy, biale, beyaz, 화이트, 흰색, ホワイト, 白, 白色, vit, biała, valkoinen, bílá, bílý, biela, biely, fehér, alb, белый, белые, білий, білі, λευκό, άσπρο, أبيض, לבן",
    "grey": "grau, graue, hellgrau, dunkelgrau, anthrazit, steingrau, gris, gris clair, gris foncé, grise, gris claro, gris oscuro, grigio, grigia, grijs, lichtgrijs, donkergrijs, cinza, cinzento, szary, szare, gri, antracita, antracite, antraciet, 그레이, 회색, グレー, 灰色, grå, szara, harmaa, šedá, šedý, sivá, sivý, szürke, graphit, grafit, серый, серые, сірий, γκρι, رمادي, אפור",
    "red": "rot, rote, roter, rouge, rojo, roja, rosso, rossa, rood, vermelho, vermelha, röd, rød, czerwony, czerwone, kırmızı, 레드, 빨강, 빨간색, レッド, 赤, 红色, czerwona, punainen, červená, červený, piros, roșu, красный, красные, червоний, κόκκινο, أحمر, אדום",
    "navy": "dunkelblau, marineblau, nachtblau, bleu marine, bleu nuit, bleu foncé, marine, azul marino, azul oscuro, blu navy, blu scuro, blu notte, marineblauw, donkerblauw, azul marinho, azul escuro, marinho, mörkblå, mørkeblå, granatowy, granatowe, lacivert, 네이비, 남색, ネイビー, 紺, marinblå, tummansininen, tmavě modrá, tmavomodrá, sötétkék, granatowa, bleumarin, темно-синий, navy blå",
    "blue": "blau, blaue, blauer, royalblau, bleu, bleue, bleus, azul, blu, blauw, blå, niebieski, niebieskie, mavi, 블루, 파랑, 파란색, ブルー, 青, 蓝色, niebieska, sininen, modrá, modrý, kék, albastru, синий, синие, синій, μπλε, أزرق, כחול",
    "light-blue": "hellblau, himmelblau, bleu clair, bleu ciel, azul claro, azul cielo, celeste, azzurro, azzurra, lichtblauw, hemelsblauw, ljusblå, lyseblå, błękitny, 하늘색, 스카이블루, 水色, vaaleansininen, světle modrá, bledomodrá, világoskék, голубой, блакитний, γαλάζιο",
    "green": "grün, gruen, grüne, grüner, vert, verte, verts, verde, groen, grön, grønn, grøn, zielony, zielone, yeşil, 그린, 초록, 초록색, グリーン, 緑, 绿色, zielona, vihreä, zelená, zelený, zöld, зеленый, зеленые, зелений, πράσινο, أخضر, ירוק",
    "light-green": "hellgrün, limette, neongrün, neongelb, vert clair, citron vert, verde claro, verde chiaro, lichtgroen, limoen, 연두, 연두색, 민트, ライム",
    "dark-green": "dunkelgrün, tannengrün, vert foncé, vert sapin, verde oscuro, verde scuro, donkergroen, verde escuro, mörkgrön, mørkegrøn",
    "olive": "olivgrün, oliv, vert olive, verde oliva, oliva, olijfgroen, verde militare, 올리브, オリーブ, olivgrön, olivengrønn, oliwkowy, оливковый",
    "yellow": "gelb, gelbe, jaune, amarillo, amarilla, giallo, gialla, geel, amarelo, amarela, gul, żółty, senfgelb, moutarde, 옐로우, 노랑, 노란색, イエロー, 黄, 黄色, żółta, keltainen, žlutá, žltá, sárga, galben, желтый, жовтий, κίτρινο, أصفر, צהוב",
    "orange": "naranja, arancione, arancio, oranje, laranja, koralle, corail, pomarańczowy, turuncu, 오렌지, 주황색, オレンジ, oranžová, narancssárga, portocaliu, oranssi, оранжевый, помаранчевий, πορτοκαλί, برتقالي",
    "pink": "rosa, pinke, rosé, roze, rose clair, różowy, pembe, rosado, rosada, fucsia, pesca, 핑크, 분홍, 분홍색, ピンク, 粉色, różowa, vaaleanpunainen, růžová, rózsaszín, roz, розовый, рожевий, ροζ, وردي, ורוד",
    "purple": "lila, violett, violet foncé, viola, morado, morada, púrpura, paars, roxo, fioletowy, flieder, lavendel, lavande, malva, 퍼플, 보라, 보라색, パープル, 紫, fioletowa, violetti, fialová, mov, фиолетовый, фіолетовий, μωβ, بنفسجي",
    "maroon": "weinrot, bordeauxrot, dunkelrot, rouge foncé, lie de vin, burdeos, granate, rojo oscuro, bordó, rosso scuro, vinaccia, bordeauxrood, bordowy, bordo, 버건디, 와인, ボルドー, vinröd, viininpunainen, vínová, bordová, бордовый, μπορντό",
    "brown": "braun, braune, dunkelbraun, schoko, marron, marrón, marrone, bruin, donkerbruin, castanho, brun, brązowy, brązowe, kahverengi, chocolat, café, cioccolato, cuoio, 브라운, 갈색, ブラウン, 茶, brązowa, ruskea, hnědá, hnědý, barna, maro, коричневый, коричневые, коричневий, καφέ, بني, חום",
    "tan": "hellbraun, sandfarben, kaki, marron clair, sable, marrón claro, color arena, cammello, lichtbruin, zand, caqui, taupé, 카키, 카멜, キャメル, カーキ",
    "beige": "beis, beż, beżowy, bege, crudo, écru, nudo, 베이지, ベージュ, 米色, beżowa, bézs, béžová, bej, бежевый, бежевые, бежевий, μπεζ, بيج",
    "off-white": "creme, cremeweiß, cremefarben, wollweiß, crème, blanc cassé, ivoire, blanco roto, crema, marfil, bianco panna, avorio, gebroken wit, ecru wit, kremowy, 크림, 아이보리, アイボリー, クリーム",
    "teal": "blaugrün, bleu canard, bleu pétrole, pétrole, petróleo, ottanio, verde azulado, 청록색",
    "aqua": "türkis, turquesa, turchese, turkoois, turkus, turkusowy, 터키색, ターコイズ, turkos, turkoosi, tyrkysová, бирюзовый",
    "gold": "golden, goldfarben, doré, dorée, dorado, dorada, oro, dorato, goud, dourado, złoty, altın, 골드, 금색, ゴールド, 金, guld, zlatá, kulta, arany, auriu, złota, золотой, золотий, χρυσό, ذهبي",
    "silver": "silber, silbern, silberfarben, argent, argenté, argentée, plata, plateado, plateada, argento, argentato, zilver, prata, prateado, srebrny, gümüş, 실버, 은색, シルバー, 银色, sølv, hopea, stříbrná, strieborná, ezüst, argintiu, srebrna, серебристый, сріблястий, ασημί, فضي",
    "bronze": "bronzefarben, kupfer, cuivre, bronce, cobre, bronzo, rame, koper, 브론즈",
    "multi": "bunt, mehrfarbig, multicolore, multicolored, multi coloured, veelkleurig, multifarbig, wielokolorowy, çok renkli, 멀티, マルチカラー",
}  # fmt: skip
"""What shops of other languages call them: German, French, Spanish, Italian, Dutch, Portuguese,
Nordic, Polish, Turkish, Korean, Japanese, Chinese, Finnish, Czech, Slovak, Hungarian, Romanian,
Russian, Ukrainian, Greek, Arabic, Hebrew. A word that two colours share (French "marron"
is brown) stands with the one that shops mean; English words that are something else ("sort") and
words that only shade another ("hell") are left out."""

BY_SLUG = {colour.slug: colour for colour in COLOURS}
BY_CODE = {colour.code: colour for colour in COLOURS}
CHOICES = [(colour.slug, colour.name.capitalize()) for colour in COLOURS]
_SPLIT = re.compile(
    r"\s*[/,;|+&×、・／]\s*|\s+(?:and|with|und|mit|et|avec|y|con|e|en|met|og|och)\s+|\s+-\s+"
)
_NOT_A_WORD = re.compile(r"[\W\d_]+")
_WHOLE = str.maketrans("øłæı", "olai")
"""Letters that Unicode does not take apart."""


def _plain(text: str) -> str:
    """Words in lower case, without accents: "Grün" as shops also write it, "grun"."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    letters = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return _NOT_A_WORD.sub(" ", letters.translate(_WHOLE)).strip()


_WORDS = {_plain(w): c for c in COLOURS for w in ELSEWHERE[c.slug].split(",")}
_WORDS |= {_plain(w): c for c in COLOURS for w in (c.slug, c.name, *c.synonyms)}


def colour_parse(text: str) -> Colour | None:
    """One colour as a shop writes it ("Core Black", "university-red"), or None.

    The longest run of its words that the vocabulary knows wins; among equals the last, since
    English puts the noun last ("Royal Red" is a red). Words of other languages: `ELSEWHERE`.
    """
    words = _plain(text).split()[:12]
    for length in range(len(words), 0, -1):
        for start in range(len(words) - length, -1, -1):
            found = _WORDS.get(" ".join(words[start : start + length]))
            if found is not None:
                return found
    return None


def colours_parse(text: str) -> tuple[str, ...]:
    """Slugs of the colours in a published text, in their order; unknown ones are left out.

    >>> colours_parse("Core Black / Off-White - Gum")
    ('black', 'off-white', 'tan')
    >>> colours_parse("BLACK/WHITE-ANTHRACITE")
    ('black', 'white', 'grey')
    >>> colours_parse("Schwarz/Weiß, bleu marine")
    ('black', 'white', 'navy')
    """
    parts = (one for part in _SPLIT.split(text[:500]) if part for one in _hyphens(part))
    return tuple(colour.slug for part in parts if (colour := colour_parse(part)) is not None)


def _hyphens(part: str) -> list[str]:
    """ "White-Black" is two colours, "Off-White" and "University-Red" are one each."""
    pieces = [piece for piece in re.split("[-–]", part) if piece.strip()]
    is_one = _plain(part) in _WORDS
    return [part] if is_one or not all(map(colour_parse, pieces)) else pieces
