"""The names under which museums publish each column of the catalog, the better ones first.

A dot leads into nested values; names are compared without case and punctuation. A row takes the first that it has.
"""

SYNONYMS = {
    # Full images first, thumbnails last. Names that say nothing of images (WEAK) need values that look like images.
    "image_url": "image_url primary_image primary_image_url img_url imgurl image image_link image_href picture"
    " picture_url photo photo_url jpg_url jpeg media_url img images.web.url images.print.url web_image.url image.url"
    " images.image_url images.baseimageurl image_web image_print iiif_image images.iiif_image_base_url"
    " meta.images.iiif_image edm_is_shown_by object.edm_is_shown_by"
    " multimedia.@processed.large.location multimedia.processed.large.location"
    " multimedia.@processed.medium.location multimedia.processed.medium.location"
    " content.descriptive_non_repeating.online_media.media.content"
    " images.full.url images image_full iiif_info_url image_iiif_info iiif_url iiif_image_url"
    " file filename file_name filepath file_path path"
    " primary_image_small image_thumbnail thumbnail_url image_native image_iiif_id items.locations.url locations.url"
    " thumbnail.url meta.images.primary_thumbnail images.primary_thumbnail edm_preview thumbnail thumb thumb_url"
    " image_small bild bild_url"
    " foto foto_url afbeelding imagen immagine billede url",
    "id": "id omni_id object_id object_number accession_number acno foreign_identifier identifier inventory_number"
    " system_number inventory_no inv_no item uid uuid record_id"
    " inventarnummer inventarisnummer inventar_nr inv_nr numero_inventaire painting artwork work",
    "page_url": "page_url object_url source_url foreign_landing_url collection_url landing_page webpage web_url"
    " frontend_url edm_is_shown_at guid links.web links.self page permalink link_resource record_link"
    " content.descriptive_non_repeating.record_link website url",
    "title": "title titles.title primary_title name artwork_name object_title caption item_label artwork_label"
    " work_label summary_title summary.title title_label source.title object_name label"
    " painting_label titel titre titulo titolo",
    "artist": "artist artist_full_name artist_display_name artist_name artist_title all_artists creators.description"
    " creator_label artist_label creator people.displayname people.name author maker principal_or_first_maker"
    " principal_makers.name primary_maker.name primary_maker artist_maker_person.name artist_maker_people.name"
    " artist_maker_organisations.name production.creator non_presenter_authors.name authors artists makers creators"
    " painter artist_display constituents.name contributors.agent.label contributors.fc contributors"
    " content.freetext.name lifecycle.creation.maker.summary_title lifecycle.creation.maker.summary.title"
    " lifecycle.creation.maker.name.value production.agents.label dc_creator dc_creator_lang_aware"
    " proxies.dc_creator produced_by.carried_out_by.label kunstler kunstlerin kunstenaar kunstner artiste artista"
    " auteur autor autore",
    "date_text": "date_text date object_date creation_year dated dating.presenting_date dating"
    " production_dates.date.text production_date.period date_display display_date primary_date creation_date"
    " content.freetext.date lifecycle.creation.date.value production.dates.label"
    " edm_timespan_label year inception date_created dates"
    " produced_by.timespan.identified_by.content datierung datering fecha datazione date_creation",
    "year_from": "year_from object_begin_date begin_year start_year date_start date_begin creation_date_earliest"
    " dating.year_early dating.sorting_date production_date.start",
    "year_to": "year_to object_end_date end_year date_end creation_date_latest dating.year_late production_date.end",
    "style": "style movement style_title",
    "type": "type_label work_type.label classification object_type object_types object_names.name"
    " content.freetext.object_type type genre l1_type artwork_type_title classification_title",
    "technique": "technique medium techniques materials_and_techniques materials medium_display physical_medium"
    " physical_description content.freetext.physical_description"
    " technik techniek tecnica",
    "location": "location repository museum data_provider content.freetext.data_source",
    "school": "school culture nationality",
    "rights": "rights license_url license_info.license license licence rights_url rights_type share_license_status"
    " thumbnail.license.label image_rights.copyright image_rights.link content.freetext.object_rights"
    " content.descriptive_non_repeating.metadata_usage.access legal.rights.licence legal.rights.details"
    " is_public_domain public_domain copyright image_copyright copyright_notice rights_and_reproduction"
    " rechte rechten lizenz licentie droits",
}

# Columns of these names hold images or web pages; only their values tell.
WEAK = frozenset({"url", "path", "itemslocationsurl", "locationsurl"})

# A thing whose address identifies it: the address is the page as well as the id.
PAGE_IDS = ("item", "painting", "artwork", "work")
