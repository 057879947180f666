"""The names under which museums publish each column of the catalog, preferred ones first.

A dot leads into nested values. Names are compared without case, accents and punctuation. Each row uses the first
column that has a value.
"""

SYNONYMS = {
    # Full images first, thumbnails last. Names that do not suggest images (WEAK) need values that look like images.
    "image_url": "image_url primary_image primary_image_url img_url imgurl image image_link image_href picture"
    " picture_url photo photo_url jpg_url jpeg media_url img images.web.url images.print.url web_image.url image.url"
    " images.image_url images.baseimageurl image_web image_print iiif_image images.iiif_image_base_url"
    " meta.images.iiif_image edm_is_shown_by object.edm_is_shown_by multimedia.@processed.large.location"
    " multimedia.processed.large.location multimedia.@processed.medium.location multimedia.processed.medium.location"
    " content.descriptive_non_repeating.online_media.media.content images.full.url images image_full iiif_info_url"
    " image_iiif_info iiif_url iiif_image_url file filename file_name filepath file_path path primary_image_small"
    " image_thumbnail image_native image_iiif_id items.locations.url locations.url thumbnail_url"
    " meta.images.primary_thumbnail images.primary_thumbnail edm_preview thumbnail thumb thumb_url image_small bild"
    " bild_url foto foto_url afbeelding imagen immagine billede bildfil bilddatei bildlink bildadresse billede_url"
    " billedfil billedlink bilde lien_de_l_image lien_image url_image url_de_l_image adresse_de_l_image photographie"
    " visuel vignette url_imagen imagen_url url_de_la_imagen enlace_imagen immagine_url url_immagine link_immagine"
    " afbeelding_url afbeeldingen abbildung imagem imatge imaxe imagine imaginea kuva valokuva obraz obrázek"
    " obrázok zdjęcie"
    " fotografia fotografie fotografija kép fénykép slika pilt kujutis attēls paveikslėlis vaizdas nuotrauka"
    " mynd görsel"
    " resim fotoğraf εικόνα φωτογραφία изображение картинка фото фотография снимка зображення світлина слика"
    " 画像 写真 图片"
    " 圖片 图像 圖像 影像 이미지 사진 media_master primary_media object url",
    "id": "id omni_id object_id object_number accession_number acno foreign_identifier identifier inventory_number"
    " system_number inventory_no inv_no item uid uuid record_id inventarnummer inventarisnummer inventar_nr inv_nr"
    " numero_inventaire painting artwork work inventarienummer inventarienr inventar inventarnummern inv_nummer"
    " objektnummer objekt_nr objekt_id objectnummer accessionsnummer accession_no accession_nr genstandsnummer"
    " museumsnummer numero_d_inventaire no_d_inventaire n_d_inventaire n_inventaire no_inventaire num_inventaire"
    " inventaire numero_de_inventario numero_inventario no_inventario n_inventario numero_di_inventario inventario"
    " reference idno reference_no reference_number record_number catalogue_number catalog_number numero_de_catalogo"
    " accessionnum invno irn pid node_id entity_uuid lido_rec_id inventaarinumero numer_inwentarzowy inventární_číslo"
    " inventárne_číslo leltári_szám număr_de_inventar número_d_inventari инвентарный_номер інвентарний_номер"
    " αριθμός_ευρετηρίου"
    " envanter_no 所蔵番号 登録番号 소장품번호",
    "page_url": "page_url frontend_url landing_url object_url source_url foreign_landing_url collection_url"
    " landing_page webpage web_url edm_is_shown_at guid links.web links.self page permalink link_resource record_link"
    " content.descriptive_non_repeating.record_link website url webside webadresse webseite webpagina weblink"
    " objektseite objektlink objekt_url detailseite link_zum_objekt objectpagina hjemmeside lank lank_till_objektet"
    " lien_vers_la_notice lien_de_la_notice lien_notice url_notice notice page_web lien pagina_web sito_web enlace"
    " link artwork_url work_url item_url painting_url record_url reference_url detail_url artwork_link work_link"
    " object_link item_link record_info_link is_shown_at object_page_url imageinfo.descriptionurl",
    "title": "title titles.title primary_title display_title name artwork_name object_title caption item_label"
    " artwork_label work_label summary_title summary.title title_label source.title object_name label painting_label"
    " titel titre titulo titolo titre_de_l_oeuvre titre_oeuvre titulo_de_la_obra titolo_dell_opera titolo_opera"
    " objekttitel werktitel bildtitel titel_des_werkes vaerktitel intitule denomination denominacion denominazione"
    " bezeichnung objektbezeichnung benamning benaevnelse titles source_resource.title"
    " imageinfo.extmetadata.objectname.value"
    " tittel nimi nimeke teoksen_nimi tytuł nazwa název názov títol cím megnevezés titlu titlul denumire"
    " τίτλος название наименование заглавие назва заголовок наслов başlık eser_adı pealkiri nimetus nosaukums"
    " pavadinimas naslov naziv titill 作品名 作品名称 作品名稱 タイトル 題名 题名 标题 標題 名称 名稱 제목 작품명",
    "artist": "artist artist_full_name artist_display_name artist_name artist_title all_artists creators.description"
    " creator_label artist_label creator people.displayname people.name author maker principal_or_first_maker"
    " principal_makers.name primary_maker.name primary_maker artist_maker_person.name artist_maker_people.name"
    " artist_maker_organisations.name production.creator non_presenter_authors.name authors artists makers creators"
    " painter artist_display constituents.name contributors.agent.label contributors.fc contributors"
    " content.freetext.name lifecycle.creation.maker.summary_title lifecycle.creation.maker.summary.title"
    " lifecycle.creation.maker.name.value creation.maker.summary_title creation.maker.summary.title"
    " creation.maker.name.value production.contributor.title production.agents.label dc_creator dc_creator_lang_aware"
    " proxies.dc_creator produced_by.carried_out_by.label kunstler kunstlerin kunstenaar kunstner artiste artista"
    " auteur autor autore konstnar konstnarer kunstnernavn kunstlername kuenstler kuenstlerin kunstenaars upphovsman"
    " ophavsmand fotograf photographe maler malare schilder vervaardiger urheber hersteller createur artistes auteurs"
    " peintre autora autores pintor pittore artisti painter_name photographer actor actors.actor_full_name"
    " persons.name"
    " ca_entities ca_entities.preferred_labels ca_entities.preferred_labels.displayname attribution_inverted"
    " people.value source_resource.creator linked_agents.resolved.title query_field_auteur.entities.entity_label"
    " field_oeuvre_auteurs.entity.field_auteur_auteur.entity.name imageinfo.extmetadata.artist.value"
    " tekijä taiteilija artysta twórca malarz umělec malíř tvůrce umelec maliar szerző művész alkotó készítő"
    " festő autorul artistul pictor pintora καλλιτέχνης δημιουργός ζωγράφος автор художник митець аутор"
    " уметник sanatçı ressam kunstnik autors mākslinieks autorius dailininkas menininkas avtor umetnik"
    " umjetnik slikar listamaður 作者 作家 作家名 画家 畫家 艺术家 藝術家 작가 작가명 화가",
    "date_text": "date_text date object_date creation_year dated dating.presenting_date dating"
    " production_dates.date.text production_date.period date_display display_date primary_date creation_date"
    " content.freetext.date lifecycle.creation.date.value creation.date.value production.created_date"
    " production.dates.label edm_timespan_label year inception date_created dates"
    " produced_by.timespan.identified_by.content datierung datering fecha datazione date_creation date_de_creation"
    " annee annee_de_creation millesime_de_creation millesime datation entstehungsjahr entstehungszeit"
    " entstehungsdatum herstellungsdatum jahr datum ar artal arstal tillkomstar produktionsar dato"
    " vervaardigingsdatum"
    " jaar jaartal fecha_de_creacion ano datacion cronologia data_di_creazione anno"
    " completition_year year_as_string source_resource.date"
    " imageinfo.extmetadata.datetimeoriginal.value"
    " årstall ajoitus vuosi valmistumisvuosi päiväys datowanie data_powstania czas_powstania rok_powstania rok"
    " datace datování datum_vzniku rok_vzniku dátum datovanie datácia datació data_de_creació any_de_creació"
    " datação data_de_criação ano_de_criação datálás készítés_ideje keletkezés_ideje évszám datare anul"
    " data_realizării χρονολόγηση χρονολογία ημερομηνία έτος датировка дата дата_создания время_создания год"
    " год_создания датування дата_створення рік рік_створення година датум tarih tarihi yıl yapım_yılı"
    " dateering aasta datējums datums gads datavimas metai datacija leto godina ártal 制作年 制作年代 製作年"
    " 年代 年 创作年代"
    " 創作年代 创作时间 創作時間 创作日期 日期 年份 제작연도 제작년도 연도 날짜 data any an év"
    " periode_de_creation periode epoque siecle siglo"
    " secolo jahrhundert century eeuw",
    "year_from": "year_from object_begin_date begin_year start_year date_start date_begin creation_date_earliest"
    " dating.year_early dating.sorting_date production_date.start",
    "year_to": "year_to object_end_date end_year date_end creation_date_latest dating.year_late production_date.end",
    "style": "style movement style_title stil stilrichtung mouvement estilo stile stijl",
    "type": "type_label work_type.label classification object_type object_types object_names.name"
    " content.freetext.object_type type genre l1_type artwork_type_title classification_title objektart objekttyp"
    " objecttype objectsoort soort_object werktype vaerktype objektkategorie gattung sachgruppe kategorie kategori"
    " category categorie categoria domaine tipo tipologia typ",
    "technique": "technique medium techniques materials_and_techniques materials medium_display physical_medium"
    " physical_description content.freetext.physical_description technik techniek tecnica teknik"
    " teknikk tekniikka technika tehnică tehnica tehnika tækni τεχνική техника техніка 技法 기법"
    " material_technik"
    " technik_material material_und_technik materialien_und_techniken material_och_teknik material_teknik"
    " teknik_material teknik_materiale materiale_og_teknik materiaux_et_techniques techniques_et_materiaux"
    " technique_et_materiaux materiaux_techniques materiaux matiere materiaal_en_techniek materiaal"
    " materiales_y_tecnicas tecnica_y_material materia_e_tecnica material materiale"
    " materiaali materiał tworzywo technika_materiał materiál anyag "
    " materjal materiāls medžiaga materijal teknik malzeme υλικό материал"
    " материал_техника техника_материал матеріал техніка_матеріал 材質 材质 素材 媒材 质地 質地"
    " 재료",
    "location": "location repository museum data_provider content.freetext.data_source standort aufbewahrungsort"
    " lieu_de_conservation localisation ubicacion collocazione placering verblijfplaats musee museo museet"
    " institution"
    " nom_officiel_musee museu muzeum múzeum muuseum muzejs muziejus muzej muzeu müze μουσείο музей"
    " место_хранения 所蔵 所蔵館 博物馆 博物館 美術館 소장처",
    "school": "school culture nationality ecole schule escuela scuola skole nationalite nationalitat",
    "rights": "rights license_url license_info.license license licence rights_url rights_type share_license_status"
    " thumbnail.license.label image_rights.copyright image_rights.link content.freetext.object_rights"
    " content.descriptive_non_repeating.metadata_usage.access legal.rights.licence legal.rights.details"
    " multimedia.legal.rights.licence multimedia.legal.rights.license multimedia.legal.rights.details"
    " multimedia.legal.rights.copyright items.locations.license.label media.licence.name"
    " has_representation.rights.title is_public_domain public_domain copyright image_copyright copyright_notice"
    " rights_and_reproduction rechte rechten lizenz licentie droits rettigheder rattigheter licens rechtestatus"
    " nutzungsrechte bildrechte droits_d_auteur conditions_d_utilisation derechos licencia diritti licenza"
    " source_resource.rights imageinfo.extmetadata.licenseshortname.value",
}

# Columns of these names hold images or web pages; their values decide.
WEAK = frozenset({"url", "path", "object", "itemslocationsurl", "locationsurl"})

# These names mean a date in one language and something else in another; only values that are dates are used.
WEAK_DATES = frozenset({"data", "any", "an", "ev"})

# Columns whose values, if they are URLs, are both the id and the page of the artwork.
PAGE_IDS = ("item", "painting", "artwork", "work")
