"""The titles of the artworks, in English, French and German."""

from .outlines import Rng

Title = tuple[str, str, str]

_SUBJECTS: dict[str, tuple[Title, ...]] = {
    "mountain": (
        ("The White Peak", "Le Pic blanc", "Der weiße Gipfel"),
        ("Lake below the Ridge", "Lac sous la crête", "See unter dem Grat"),
        ("The Upper Valley", "La Haute Vallée", "Das obere Tal"),
        ("Pines before the Pass", "Pins devant le col", "Kiefern vor dem Pass"),
        ("Mount Oren", "Le mont Oren", "Der Berg Oren"),
    ),
    "harbour": (
        ("Boats at Anchor", "Bateaux à l'ancre", "Boote vor Anker"),
        ("The Harbour of Saint-Aubel", "Le Port de Saint-Aubel", "Der Hafen von Saint-Aubel"),
        ("Regatta", "Régate", "Regatta"),
        ("Sails off the Quay", "Voiles au large du quai", "Segel vor dem Kai"),
        ("The Return of the Fishermen", "Le Retour des pêcheurs", "Heimkehr der Fischer"),
    ),
    "garden": (
        ("The Flower Garden", "Le Jardin de fleurs", "Der Blumengarten"),
        ("Cypresses and Beds", "Cyprès et parterres", "Zypressen und Beete"),
        ("The Gardener's House", "La Maison du jardinier", "Das Haus des Gärtners"),
        ("The Lily Pond", "L'Étang aux nénuphars", "Der Seerosenteich"),
        ("Path in Bloom", "Allée en fleurs", "Blühender Weg"),
    ),
    "still life": (
        ("Flowers and Fruit", "Fleurs et fruits", "Blumen und Früchte"),
        ("The White Cloth", "La Nappe blanche", "Das weiße Tuch"),
        ("Vase, Bowl and Pears", "Vase, coupe et poires", "Vase, Schale und Birnen"),
        ("The Kitchen Table", "La Table de cuisine", "Der Küchentisch"),
        ("Bouquet with Jug", "Bouquet à la cruche", "Strauß mit Krug"),
    ),
    "portrait": (
        ("Portrait of Clara M.", "Portrait de Clara M.", "Bildnis Clara M."),
        ("The Reader's Friend", "L'Ami du lecteur", "Der Freund des Lesers"),
        ("Head on a Plain Ground", "Tête sur fond uni", "Kopf vor schlichtem Grund"),
        ("The Artist's Cousin", "La Parenté de l'artiste", "Aus der Familie des Künstlers"),
        ("The Visitor", "La Visite", "Der Besuch"),
    ),
    "moonlight": (
        ("Moonrise over the Village", "Lever de lune sur le village", "Mondaufgang über dem Dorf"),
        ("The Silver Path", "Le Chemin d'argent", "Der silberne Weg"),
        ("Night on the Lake", "Nuit sur le lac", "Nacht am See"),
        ("The Late Boat", "La Dernière Barque", "Das späte Boot"),
        ("Full Moon", "Pleine lune", "Vollmond"),
    ),
    "city": (
        ("The Old Town", "La Vieille Ville", "Die Altstadt"),
        ("Houses by the Water", "Maisons au bord de l'eau", "Häuser am Wasser"),
        ("The Square", "La Place", "Der Platz"),
        ("Roofs and Towers", "Toits et tours", "Dächer und Türme"),
        ("Canal with Bridge", "Canal au pont", "Kanal mit Brücke"),
    ),
    "woodland": (
        ("In the Wood", "Dans le bois", "Im Wald"),
        ("The Clearing", "La Clairière", "Die Lichtung"),
        ("Tall Trunks", "Grands fûts", "Hohe Stämme"),
        ("Where the Deer Stood", "Où se tenait le cerf", "Wo der Hirsch stand"),
        ("Leaves Falling", "Chute des feuilles", "Fallendes Laub"),
    ),
}

_MOMENTS: tuple[Title, ...] = (
    ("", "", ""),
    ("", "", ""),
    (", Early Morning", ", au petit matin", ", früher Morgen"),
    (", Evening", ", le soir", ", Abend"),
    (", October", ", octobre", ", Oktober"),
    (", after the Rain", ", après la pluie", ", nach dem Regen"),
)


def titles(motif: str, count: int, rng: Rng) -> list[Title]:
    """Return ``count`` different titles for one painter's artworks on one motif: (English, French, German)."""
    subjects = [_SUBJECTS[motif][k] for k in rng.permutation(len(_SUBJECTS[motif]))[:count]]
    moments = [_MOMENTS[int(rng.integers(len(_MOMENTS)))] for _ in subjects]
    if motif == "portrait":
        moments = [_MOMENTS[0]] * count
    return [(s[0] + m[0], s[1] + m[1], s[2] + m[2]) for s, m in zip(subjects, moments, strict=True)]
