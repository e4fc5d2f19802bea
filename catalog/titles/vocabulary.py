"""Words of listing titles by language: whom a shoe is for, sizes, colours, and what says nothing.

All languages are read at once: a title seldom says its own, and shops mix two. A word stands here
only if it means the same in every language that has it; a model's own words ("Classic", "Air",
"Original") do not stand here at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from catalog.models import Gender


def _set(*lines: str) -> frozenset[str]:
    return frozenset(word for line in lines for word in line.split())


GENDERS: Final[Mapping[str, Gender]] = {
    word: gender
    for gender, words in {
        Gender.MEN: "men mens man male gents gentlemen herren herr männer homme hommes hombre "
        "hombres uomo uomini heren mannen masculino herre męskie męski pánské мужские "
        "мужской чоловічі メンズ 남성 남성용",
        Gender.WOMEN: "women womens woman wmns wmn female ladies lady damen dame frauen femme "
        "femmes mujer mujeres donna donne dames vrouwen feminino señora "
        "damskie damski dámské женские женский жіночі レディース 여성 여성용",
        Gender.KIDS: "kid kids boy boys girl girls youth junior juniors jr toddler toddlers infant "
        "infants baby babies child children childrens preschool gradeschool gs ps td kinder "
        "kinderschuhe jungen mädchen enfant enfants garçon garçons fille filles bébé niño niña "
        "niños niñas infantil bambino bambina bambini ragazzo ragazza kinderen jongens meisjes "
        "детские дитячі キッズ ジュニア",
        Gender.UNISEX: "unisex adult adults erwachsene adulte adulto унисекс ユニセックス",
    }.items()
    for word in words.split()
}  # fmt: skip

AUDIENCES: Final = _set(
    "men mens women womens wmns unisex kids boys girls toddler toddlers infant infants junior "
    "juniors herren damen kinder homme hommes femme femmes enfant enfants hombre hombres mujer "
    "mujeres niños uomo uomini donna bambino bambini heren dames kinderen herre męskie damskie "
    "pánské dámské мужские женские детские чоловічі жіночі дитячі メンズ レディース キッズ "
    "ジュニア ユニセックス 남성 여성 남성용 여성용"
)
"""Of GENDERS, those that at an end of a shop's title are no part of a model's name."""

NOISE: Final = _set(
    # English
    "shoe shoes sneaker sneakers trainer trainers footwear boxed bnwb bnib bnwt nwt nwb nib vgc "
    "euc guc vnds deadstock worn used preowned preloved secondhand unworn brandnew genuine "
    "sale clearance discount bargain rare limited shipping delivery postage fast "
    "uk-seller condition excellent great good box lid size sizes casual",
    # German
    "schuh schuhe turnschuhe turnschuh sportschuhe halbschuhe freizeitschuhe neu neue neuer neues "
    "gebraucht getragen ungetragen neuwertig ovp originalverpackt zustand top größe groesse gr "
    "versand kostenlos versandkostenfrei rarität selten angebot günstig für",
    # French
    "chaussure chaussures basket baskets neuf neuve neufs occasion porté portées livraison "
    "gratuite état très bon taille pointure pour rares",
    # Spanish, Portuguese
    "zapato zapatos zapatilla zapatillas deportivas tenis nuevo nueva nuevos nuevas usado usados "
    "envío gratis estado talla para calzado",
    # Italian
    "scarpa scarpe ginnastica nuovo nuova nuove usato usate spedizione gratuita stato taglia "
    "numero misura",
    # Dutch
    "schoen schoenen gympen nieuw nieuwe gebruikt gedragen verzending maat voor"
)  # fmt: skip

MARKET: Final = _set(
    "boxed bnwb bnib bnwt nwt nwb nib vgc euc guc vnds deadstock worn used preowned preloved "
    "secondhand unworn brandnew genuine rare condition excellent shipping delivery "
    "postage neu gebraucht getragen ungetragen neuwertig ovp originalverpackt zustand versand "
    "kostenlos versandkostenfrei neuf neuve occasion porté livraison état nuevo nueva usado envío "
    "estado nuovo nuova usato spedizione nieuw gebruikt gedragen verzending"
)  # fmt: skip
"""Of NOISE, the words of people who sell a shoe of theirs: a title that has one was typed, not
taken from a table."""

PHRASES: Final = (
    "brand new in box", "brand new with box", "brand new", "new in box", "new with box",
    "new with tags", "new without box", "pre owned", "pre-owned", "second hand", "free shipping",
    "fast shipping", "free delivery", "excellent condition", "good condition", "great condition",
    "very good condition", "grade school", "pre school", "pre-school", "flip flops", "flip-flops",
    "made in", "en muy buen estado", "como nuevo", "come nuovo", "comme neuf", "wie neu",
    "sehr guter zustand", "très bon état", "100% authentic",
)  # fmt: skip

ANY_SHOE: Final = _set(
    "shoe shoes footwear sneakers trainers schuh schuhe chaussure chaussures zapato zapatos scarpa "
    "scarpe schoen schoenen running training walking casual sport sports lifestyle everyday"
)
"""What a title says behind the audience that any shoe is; "Boots" there may be the name's."""

KINDS: Final = _set(
    "shoes shoe sandals sandal heels flats boots slippers flip flops loafers moccasins wedges "
    "pumps floaters sneakers trainers sports sport casual formal dress running lifestyle training "
    "everyday party ethnic walking"
)  # fmt: skip
"""What kind of shoe a title's end says: "… Black Casual Shoes". Elsewhere these words may name."""

CONNECTIVES: Final = _set(
    "for in with and by the a of de la le les du des mit und von et avec y con e di en met &",
)  # fmt: skip

SHADES: Final = _set(
    "off core triple cloud optic light dark bright deep pale wolf cool team university gym royal "
    "sail metallic pure true footwear ftwr core-black collegiate night toned hell dunkel foncé "
    "clair oscuro claro scuro chiaro donker licht neon"
)  # fmt: skip
"""Words before a colour that belong to it and are no colour by themselves."""

HEIGHTS: Final = _set("low lo mid high hi")
ROMAN: Final = _set("ii iii iv v vi vii viii ix x xi xii xiii xiv xv xvi xvii xviii")
