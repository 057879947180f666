"""Column names in many languages and scripts."""

from pathlib import Path

import pytest

from artsim.sources.tables.source import open_table
from tests.sources.conftest import rows_of

IMAGE = "https://m.example/1"  # without an extension, so that only the column name identifies it as an image

# Column names for title, artist, date, technique and image.
HEADERS = {
    "norwegian": "Tittel,Kunstner,Årstall,Teknikk,Bilde",
    "icelandic": "Titill,Listamaður,Ártal,Tækni,Mynd",
    "finnish": "Nimi,Tekijä,Ajoitus,Tekniikka,Kuva",
    "finnish, of the work": "Teoksen nimi,Taiteilija,Vuosi,Materiaali,Valokuva",
    "polish": "Tytuł,Autor,Datowanie,Technika,Obraz",
    "polish, date": "Tytuł dzieła,Twórca,Data powstania,Materiał,Zdjęcie",
    "czech": "Název,Autor,Datace,Technika,Obrázek",
    "czech, of the work": "Název díla,Malíř,Rok vzniku,Technika,Fotografie",
    "slovak": "Názov,Autor,Datovanie,Technika,Obrázok",
    "catalan": "Títol,Autor,Datació,Tècnica,Imatge",
    "portuguese": "Título,Autor,Data,Técnica,Imagem",
    "portuguese, in full": "Título da obra,Autor,Data de criação,Técnica,Imagem",
    "hungarian": "Cím,Művész,Datálás,Technika,Kép",
    "romanian": "Titlu,Autor,Datare,Tehnică,Imagine",
    "greek": "Τίτλος,Καλλιτέχνης,Χρονολογία,Τεχνική,Εικόνα",
    "greek capitals": "ΤΙΤΛΟΣ,ΚΑΛΛΙΤΕΧΝΗΣ,ΕΤΟΣ,ΤΕΧΝΙΚΗ,ΕΙΚΟΝΑ",
    "russian": "Название,Автор,Датировка,Техника,Изображение",
    "polish, and": "Tytuł,Artysta,Rok,Technika i materiał,Obraz",
    "russian, in full": "Название произведения,Художник,Год создания,Материал и техника,Фото",
    "ukrainian": "Назва,Художник,Рік створення,Техніка,Зображення",
    "serbian": "Наслов,Уметник,Датум,Техника,Слика",
    "turkish": "Başlık,Sanatçı,Tarih,Teknik,Görsel",
    "turkish capitals": "ESER ADI,SANATÇI,YAPIM YILI,MALZEME,FOTOĞRAF",
    "estonian": "Pealkiri,Kunstnik,Dateering,Tehnika,Pilt",
    "latvian": "Nosaukums,Mākslinieks,Datējums,Tehnika,Attēls",
    "lithuanian": "Pavadinimas,Dailininkas,Metai,Technika,Nuotrauka",
    "slovene": "Naslov,Avtor,Leto,Tehnika,Slika",
    "croatian": "Naziv,Umjetnik,Godina,Materijal,Slika",
    "japanese": "作品名,作者,制作年,技法,画像",
    "japanese, addresses": "タイトル,作家名,年代,素材,画像URL",
    "chinese": "标题,艺术家,创作年代,材质,图片",
    "chinese, traditional": "標題,藝術家,創作年代,材質,圖片",
    "korean": "제목,작가,제작연도,기법,이미지",
    "a language behind the name": "title_pl,author_pl,date_pl,technique_pl,image",
}


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
def test_names_of_columns_are_known_in_many_languages(tmp_path: Path, header: str) -> None:
    (tmp_path / "w.csv").write_text(f"{header}\nScream,Munch,1893,oil,{IMAGE}\n", encoding="utf-8")
    (row,) = rows_of(open_table(str(tmp_path / "w.csv"), {}).chunks([]))
    values = [row[name] for name in ("title", "artist", "date_text", "technique", "image_url")]
    assert values == ["Scream", "Munch", "1893", "oil", IMAGE]
    assert (row["year_from"], row["metadata"]) == (1893, None)


@pytest.mark.parametrize("names", ["Teknikk,Materiale", "Materiale,Teknikk"])
def test_a_technique_beats_a_material(tmp_path: Path, names: str) -> None:
    values = ["oil" if name == "Teknikk" else "canvas" for name in names.split(",")]
    (tmp_path / "w.csv").write_text(f"Tittel,{names},Bilde\nSkrik,{','.join(values)},{IMAGE}\n")
    (row,) = rows_of(open_table(str(tmp_path / "w.csv"), {}).chunks([]))
    assert row["technique"] == "oil"


def test_a_data_column_is_a_date_only_if_its_value_is(tmp_path: Path) -> None:
    table = tmp_path / "w.jsonl"
    table.write_text(
        f'{{"title": "a", "image": "{IMAGE}1", "data": "see the curatorial file"}}\n'
        f'{{"title": "b", "image": "{IMAGE}2", "data": "ca. 1765"}}\n'
        f'{{"title": "c", "image": "{IMAGE}3", "data": {{"checked": 1999}}}}\n'
    )
    rows = rows_of(open_table(str(table), {}).chunks([]))
    assert [row["date_text"] for row in rows] == [None, "ca. 1765", None]
    assert "curatorial" in rows[0]["metadata"] and "1999" in rows[2]["metadata"]


@pytest.mark.parametrize(
    "names", ["millesime_de_creation,periode_de_creation", "periode_de_creation,millesime_de_creation", "siecle,annee"]
)
def test_an_exact_year_beats_a_period(tmp_path: Path, names: str) -> None:
    values = ["1891" if name in ("millesime_de_creation", "annee") else "19e siècle" for name in names.split(",")]
    text = f"titre,{names},nom_officiel_musee,image\nÉté,{','.join(values)},musée d'Orsay,{IMAGE}\n"
    (tmp_path / "w.csv").write_text(text, encoding="utf-8")
    (row,) = rows_of(open_table(str(tmp_path / "w.csv"), {}).chunks([]))
    assert (row["date_text"], row["year_from"], row["location"]) == ("1891", 1891, "musée d'Orsay")
